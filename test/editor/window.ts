/** One window of the editor, in the words of somebody who uses it; it knows VS Code's page, and nothing of ours. */

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { FrameLocator, Locator, Page } from 'playwright-core';

const shots = join(import.meta.dirname, '..', '..', 'out', 'editor');

/** Runs in the page, whose types are not known here. */
const markedText = `() => {
  const marker = document.querySelector('.editor-instance .squiggly-warning')?.getBoundingClientRect();
  const lines = document.querySelector('.editor-instance .view-lines');
  if (!marker || !lines) return undefined;
  const walker = document.createTreeWalker(lines, NodeFilter.SHOW_TEXT);
  let text = '';
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    for (let index = 0; index < node.length; index += 1) {
      const range = document.createRange();
      range.setStart(node, index);
      range.setEnd(node, index + 1);
      const { x, y, width, height } = range.getBoundingClientRect();
      const isInside =
        x + width / 2 > marker.left && x + width / 2 < marker.right &&
        y + height / 2 > marker.top && y + height / 2 < marker.bottom;
      if (isInside) text += node.data[index];
    }
  }
  return text;
}`;

export class Window {
  readonly page: Page;
  readonly #name: string;

  constructor(page: Page, name: string) {
    this.page = page;
    this.#name = name;
  }

  /** Keeps a picture as output of the test. */
  async shoot(title: string): Promise<void> {
    mkdirSync(shots, { recursive: true });
    await this.page.screenshot({ animations: 'disabled', path: join(shots, `${this.#name}-${title}.png`) });
  }

  async reload(): Promise<void> {
    await this.page.reload();
    await this.page.locator('.monaco-workbench').waitFor();
  }

  async openContainer(title: string): Promise<void> {
    const label = this.page.locator(`.action-label[aria-label^="${title}"]`);
    const tab = this.page.locator('.activitybar [role=tab]', { has: label });
    await tab.waitFor();
    if ((await tab.getAttribute('aria-selected')) !== 'true') await tab.click();
  }

  /** A view of the side bar by its title. */
  view(title: string): Locator {
    return this.page.locator('.sidebar .pane', {
      has: this.page.locator(`.pane-header[aria-label^="${title}"]`),
    });
  }

  row(view: string, text: string | RegExp): Locator {
    return this.view(view).locator('.monaco-list-row', { hasText: text });
  }

  /** Clicks an icon in a view's title, which shows while the mouse is over the view. */
  async clickTitleAction(view: string, label: string): Promise<void> {
    const header = this.view(view).locator('.pane-header');
    await header.hover();
    await header.locator(`.action-label[aria-label^="${label}"]`).click();
  }

  async clickRowAction(row: Locator, label: string): Promise<void> {
    await row.hover();
    await row.locator(`.action-label[aria-label^="${label}"]`).click();
  }

  /** Chooses from the menu that a right click on the row opens. */
  async chooseFromMenu(row: Locator, label: string): Promise<void> {
    await row.click({ button: 'right' });
    // The menu takes no click in its first moments, lest the one that opened it chooses something.
    await this.page.locator('.context-view .action-menu-item', { hasText: label }).hover();
    await this.page.keyboard.press('Enter');
  }

  /** The content of the webview that is shown. */
  get webview(): FrameLocator {
    return this.page.frameLocator('iframe.webview.ready').frameLocator('#active-frame');
  }

  async closeEditors(): Promise<void> {
    await this.command('View: Close All Editors');
    await this.page.locator('.tab').first().waitFor({ state: 'detached' });
  }

  /** Runs a command by its title in the palette. */
  async command(title: string): Promise<void> {
    await this.page.keyboard.press('F1');
    await this.quickInput.locator('input').waitFor();
    await this.quickInput.locator('input').fill(`>${title}`);
    await this.quickInput.locator('.monaco-list-row', { hasText: title }).first().click();
  }

  get quickInput(): Locator {
    return this.page.locator('.quick-input-widget:visible');
  }

  /** Types into the box that asks `prompt`, and takes it with Enter. */
  async answer(prompt: string | RegExp, text: string): Promise<void> {
    await this.quickInput.locator('.quick-input-message', { hasText: prompt }).waitFor();
    await this.quickInput.locator('input').fill(text);
    await this.page.keyboard.press('Enter');
  }

  /** Takes what stands already in the box that asks `prompt`. */
  async accept(prompt: string, expected: string): Promise<void> {
    await this.waitForAnswer(prompt, expected);
    await this.page.keyboard.press('Enter');
  }

  /** Waits until the box that asks `prompt` holds this text already. */
  async waitForAnswer(prompt: string, expected: string): Promise<void> {
    await this.quickInput.locator('.quick-input-message', { hasText: prompt }).waitFor();
    await this.page.waitForFunction(
      `document.querySelector('.quick-input-widget input')?.value === ${JSON.stringify(expected)}`,
    );
  }

  /** Chooses a row of the pick that asks `placeholder`. */
  async choose(placeholder: string, label: string | RegExp): Promise<void> {
    await this.quickInput.locator(`input[placeholder^="${placeholder}"]`).waitFor();
    await this.quickInput.locator('.monaco-list-row', { hasText: label }).first().click();
  }

  /** Ticks rows of the pick that asks `placeholder`, and takes them. */
  async chooseSeveral(placeholder: string, labels: readonly string[]): Promise<void> {
    await this.quickInput.locator(`input[placeholder^="${placeholder}"]`).waitFor();
    for (const label of labels) {
      await this.quickInput.locator('.monaco-list-row', { hasText: label }).first().click();
    }
    await this.quickInput.getByRole('button', { name: 'OK', exact: true }).click();
  }

  /** Chooses a file of the folder that the open dialog of this title begins in. */
  async chooseFile(title: string, name: string): Promise<void> {
    await this.quickInput.locator('.quick-input-title', { hasText: title }).waitFor();
    await this.quickInput.locator('.monaco-list-row', { hasText: name }).click();
  }

  /** Takes the path that the save dialog of this title proposes. */
  async acceptFile(title: string, path: string): Promise<void> {
    await this.quickInput.locator('.quick-input-title', { hasText: title }).waitFor();
    await this.page.waitForFunction(
      `document.querySelector('.quick-input-widget input.input')?.value === ${JSON.stringify(path)}`,
    );
    await this.page.keyboard.press('Enter');
  }

  /** Presses an icon in the title of the question that is asked. */
  async pressInputButton(label: string): Promise<void> {
    await this.quickInput.locator(`.quick-input-titlebar .action-label[aria-label^="${label}"]`).click();
  }

  async expandView(title: string): Promise<void> {
    const header = this.view(title).locator('.pane-header');
    if ((await header.getAttribute('aria-expanded')) !== 'true') await header.click();
  }

  async collapseView(title: string): Promise<void> {
    const header = this.view(title).locator('.pane-header');
    if ((await header.getAttribute('aria-expanded')) === 'true') await header.click();
  }

  async rowTexts(view: string): Promise<string[]> {
    return await this.view(view).locator('.monaco-list-row').allTextContents();
  }

  notification(text: string): Locator {
    return this.page.locator('.notification-toast', { hasText: text });
  }

  async clearNotifications(): Promise<void> {
    await this.command('Notifications: Clear All Notifications');
    await this.page.locator('.notification-toast').first().waitFor({ state: 'detached' });
  }

  get dialog(): Locator {
    return this.page.locator('.monaco-dialog-box');
  }

  async pressDialogButton(label: string): Promise<void> {
    await this.dialog.getByRole('button', { name: label, exact: true }).click();
  }

  /** Opens a file of the workspace by its name. */
  async openFile(name: string): Promise<void> {
    await this.page.keyboard.press('Control+p');
    await this.quickInput.locator('input').fill(name);
    await this.quickInput.locator('.monaco-list-row', { hasText: name }).first().click();
    await this.page.locator(`.tab[data-resource-name="${name}"].active`).waitFor();
  }

  /** The squiggles of one severity in the active editor. */
  squiggles(severity: 'warning' | 'error'): Locator {
    return this.page.locator(`.editor-instance .squiggly-${severity}`);
  }

  /** Waits until what is marked as a warning is exactly `text`: each character under the squiggle, and no other. */
  async waitForMarked(text: string): Promise<void> {
    await this.page.waitForFunction(`(${markedText})() === ${JSON.stringify(text)}`);
  }

  /** Opens the quick fixes of the place where `text` stands. */
  async openQuickFixes(text: string): Promise<Locator> {
    await this.page.locator('.editor-instance .view-line span', { hasText: text }).last().click();
    // The bulb says that there are fixes for this place; the keyboard's menu closes again when they come later.
    await this.page.locator('.editor-instance .lightBulbWidget').waitFor();
    await this.page.keyboard.press('Control+.');
    const menu = this.page.locator('.action-widget:not(.action-list-submenu-panel)');
    await menu.waitFor();
    return menu;
  }

  statusItem(label: string | RegExp): Locator {
    return this.page.locator('.statusbar-item', { hasText: label });
  }

  async clipboard(): Promise<string> {
    return await this.page.evaluate<string>('navigator.clipboard.readText()');
  }
}
