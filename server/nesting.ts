/** How deep JSON from outside may be nested; it knows neither where it comes from nor what it means. */

/** Python gives up at about 1,000 levels, and whatever writes JSON again here runs out of stack at a few thousand. */
export const deepestNesting = 100;

/** Whether lists and objects stand in more than `levels` of each other. It never looks deeper than that itself. */
export function nestsDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some((inner) => nestsDeeper(inner, levels - 1));
}
