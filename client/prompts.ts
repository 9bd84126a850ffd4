/** Questions in the editor's own input; the only place where a secret is typed, and it keeps none. */

import * as vscode from 'vscode';

/** The user wants the question before this one. */
export const back = Symbol('back');
export type Back = typeof back;

/** The user wants none of it; commands end without a word. */
export class Cancelled extends Error {}

/** Which question of how many. */
export interface Place {
  title: string;
  step: number;
  total: number;
}

/** A question on its own. */
export function alone(title: string): Place {
  return { title, step: 1, total: 1 };
}

export interface TextQuestion {
  prompt: string;
  placeholder?: string;
  /** What stands there already. */
  value?: string;
  /** What is wrong with a text, or `undefined`. */
  validate?(text: string): string | undefined;
  /** Another way to answer. */
  button?: vscode.QuickInputButton;
}

export interface Choice<T> extends vscode.QuickPickItem {
  value: T;
}

/** One line of text. Rejects with `Pressed` when the question's own button was. */
export function askText(place: Place, question: TextQuestion): Promise<string | Back> {
  return askLine(place, question, false);
}

/** A secret: hidden while typed, never empty, never pre-filled (C8, C14, D31). Rejects as `askText` does. */
export function askSecret(
  place: Place,
  prompt: string,
  button?: vscode.QuickInputButton,
): Promise<string | Back> {
  return askLine(
    place,
    {
      prompt,
      validate: (text) =>
        text === ''
          ? vscode.l10n.t('A secret cannot be empty; press Escape to leave all as it is.')
          : undefined,
      ...(button && { button }),
    },
    true,
  );
}

/** One of several. `active` is the choice that Enter takes. */
export function askChoice<T>(
  place: Place,
  placeholder: string,
  choices: (Choice<T> | vscode.QuickPickItem)[],
  active?: Choice<T>,
): Promise<T | Back> {
  return new Promise((resolve, reject) => {
    const input = vscode.window.createQuickPick<Choice<T> | vscode.QuickPickItem>();
    input.placeholder = placeholder;
    input.matchOnDescription = true;
    input.items = choices;
    if (active) input.activeItems = [active];
    input.onDidAccept(() => {
      const [chosen] = input.selectedItems;
      if (chosen && 'value' in chosen) settle(input, () => resolve(chosen.value));
    });
    show(input, place, resolve, reject);
  });
}

/** At least one of several; `chosen` are those that are ticked already. */
export function askSeveral<T>(
  place: Place,
  placeholder: string,
  choices: Choice<T>[],
  chosen: readonly T[] = [],
): Promise<T[] | Back> {
  return new Promise((resolve, reject) => {
    const input = vscode.window.createQuickPick<Choice<T>>();
    input.placeholder = placeholder;
    input.matchOnDescription = true;
    input.canSelectMany = true;
    input.items = choices;
    input.selectedItems = choices.filter(({ value }) => chosen.includes(value));
    input.onDidAccept(() => {
      const values = input.selectedItems.map(({ value }) => value);
      if (values.length > 0) settle(input, () => resolve(values));
    });
    show(input, place, resolve, reject);
  });
}

/** One of the things that exist, for a command that was given none. Ends the command when there are none. */
export async function askRow<T>(
  title: string,
  placeholder: string,
  choices: Choice<T>[],
  nothing: string,
): Promise<T> {
  if (choices.length === 0) {
    void vscode.window.showInformationMessage(nothing);
    throw new Cancelled();
  }
  return withoutBack(await askChoice(alone(title), placeholder, choices));
}

/** Asks before something that cannot be undone; ends the command when the answer is no. */
export async function confirm(question: string, detail: string, action: string): Promise<void> {
  const answer = await vscode.window.showWarningMessage(question, { modal: true, detail }, action);
  if (answer !== action) throw new Cancelled();
}

/** The answer to a question that stands alone, where there is no way back but out. */
export function withoutBack<T>(answer: T | Back): T {
  if (answer === back) throw new Cancelled();
  return answer;
}

function askLine(place: Place, question: TextQuestion, password: boolean): Promise<string | Back> {
  return new Promise((resolve, reject) => {
    const input = vscode.window.createInputBox();
    input.password = password;
    input.prompt = question.prompt;
    input.placeholder = question.placeholder ?? '';
    input.value = question.value ?? '';
    const check = () => {
      input.validationMessage = question.validate?.(input.value);
      return input.validationMessage === undefined;
    };
    // Only after the first try: an empty box is not an error that somebody made.
    let tried = false;
    input.onDidChangeValue(() => {
      if (tried || input.value !== '') check();
    });
    input.onDidAccept(() => {
      tried = true;
      const { value } = input;
      if (check()) settle(input, () => resolve(value));
    });
    show(input, place, resolve, reject, question.button);
  });
}

function show(
  input: vscode.QuickPick<vscode.QuickPickItem> | vscode.InputBox,
  place: Place,
  resolve: (answer: Back) => void,
  reject: (reason: Cancelled) => void,
  button?: vscode.QuickInputButton,
): void {
  input.title = place.title;
  input.ignoreFocusOut = true;
  if (place.total > 1) {
    input.step = place.step;
    input.totalSteps = place.total;
  }
  input.buttons = [...(place.step > 1 ? [vscode.QuickInputButtons.Back] : []), ...(button ? [button] : [])];
  input.onDidTriggerButton((pressed) => {
    if (pressed === vscode.QuickInputButtons.Back) settle(input, () => resolve(back));
    else settle(input, () => reject(new Pressed(pressed)));
  });
  // Hiding comes after an answer, too; a promise that is settled takes no second answer.
  input.onDidHide(() => settle(input, () => reject(new Cancelled())));
  input.show();
}

/** The question's own button was pressed instead of an answer. */
export class Pressed extends Error {
  readonly button: vscode.QuickInputButton;

  constructor(button: vscode.QuickInputButton) {
    super('pressed');
    this.button = button;
  }
}

function settle(input: vscode.QuickInput, answer: () => void): void {
  answer();
  input.dispose();
}
