/** Several questions in a row, with a way back, and what is done with the answers; it knows no question. */

import type { Ctx } from './ctx.ts';
import { Failure } from './failure.ts';
import { type Back, back, type Place } from './prompts.ts';
import { report } from './report.ts';

/** One question per field of `T`, in this order; a field whose question is left out stays unset. */
export type Steps<T> = {
  [Field in keyof T]-?: {
    /** Whether it is asked, given the answers before it. */
    when?(soFar: Partial<T>): boolean;
    ask(place: Place, soFar: Partial<T>): Promise<T[Field] | Back>;
  };
};

/**
 * Asks all questions and hands the answers over. When they are refused, the last question is asked again, and those
 * before it still have their answers. Rejects with `Cancelled` when the user leaves.
 */
export async function inSteps<T extends object, Result>(
  ctx: Ctx,
  title: string,
  steps: Steps<T>,
  finish: (answers: T) => Promise<Result>,
): Promise<Result> {
  const answers: Partial<T> = {};
  for (let from = 0; ; from = Number.POSITIVE_INFINITY) {
    await askFrom(from, title, steps, answers);
    try {
      return await finish(answers as T);
    } catch (error) {
      if (!(error instanceof Failure && isCorrectable(error))) throw error;
      // Not awaited: it stands beside the question that it is about.
      void report(ctx, error);
    }
  }
}

/** Other answers would be taken. */
function isCorrectable({ code }: Failure): boolean {
  return code === 'bad-input' || code === 'conflict';
}

/** Fills `answers`, from the question at this position on, or from the last one where there are fewer. */
async function askFrom<T extends object>(
  first: number,
  title: string,
  steps: Steps<T>,
  answers: Partial<T>,
): Promise<void> {
  const fields = Object.keys(steps) as (keyof T)[];
  const asked = () => fields.filter((field) => steps[field].when?.(answers) ?? true);
  for (let position = Math.min(first, asked().length - 1); position < asked().length; ) {
    const field = asked()[position];
    if (field === undefined) break;
    const place = { title, step: position + 1, total: asked().length };
    const answer = await steps[field].ask(place, answers);
    if (answer === back) {
      position = Math.max(0, position - 1);
    } else {
      answers[field] = answer;
      position += 1;
    }
  }
}
