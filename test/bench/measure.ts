/** How durations and rates are taken and summed up, the same way for every figure. */

export const median = (values: number[]) => percentile(values, 0.5);

export function percentile(values: number[], share: number): number {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

export async function timed(work: () => Promise<void>): Promise<number> {
  const before = performance.now();
  await work();
  return performance.now() - before;
}

/** How many a second, with `callers` of them at a time. */
export async function throughput(callers: number, total: number, work: () => Promise<void>): Promise<number> {
  let left = total;
  const before = performance.now();
  await Promise.all(
    Array.from({ length: callers }, async () => {
      while (left > 0) {
        left -= 1;
        await work();
      }
    }),
  );
  return (total / (performance.now() - before)) * 1000;
}
