/** Several questions in a row, with a way back; it knows no question. */

import { type Back, back, type Place } from './prompts.ts';

/** One question per field of `T`, in this order; a field whose question is left out stays unset. */
export type Steps<T> = {
  [Field in keyof T]-?: {
    /** Whether it is asked, given the answers before it. */
    when?(soFar: Partial<T>): boolean;
    ask(place: Place, soFar: Partial<T>): Promise<T[Field] | Back>;
  };
};

/** Asks all questions. Rejects with `Cancelled` when the user leaves. */
export async function inSteps<T extends object>(title: string, steps: Steps<T>): Promise<T> {
  const answers: Partial<T> = {};
  const fields = Object.keys(steps) as (keyof T)[];
  const asked = () => fields.filter((field) => steps[field].when?.(answers) ?? true);
  for (let position = 0; position < asked().length; ) {
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
  return answers as T;
}
