/** A real VS Code in a real browser: a fresh code-server with our package installed, and its windows. */

import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { type Browser, chromium, type Page } from 'playwright-core';
import { processEnd } from '../../client/launch.ts';
import type { DaemonFile } from '../../server/protocol/daemon.ts';
import { freePort } from '../support/port.ts';
import { Window } from './window.ts';

const root = join(import.meta.dirname, '..', '..');
const vsix = join(root, 'dist', 'workflow-keys.vsix');
const codeServer = join(import.meta.dirname, 'node_modules', 'code-server', 'out', 'node', 'entry.js');

export interface EditorOptions {
  /** Trust everything, or ask as a fresh editor does. */
  trust: boolean;
}

export class Editor implements AsyncDisposable {
  /** A copy of the sample workspace. */
  readonly folder: string;
  readonly dataDirectory: string;
  /** The home of whoever uses this editor. */
  readonly home: string;
  readonly port: number;
  readonly #server: ChildProcess;
  readonly #url: string;
  readonly #browser: Browser;

  private constructor(parts: {
    directory: string;
    server: ChildProcess;
    url: string;
    browser: Browser;
    port: number;
  }) {
    this.home = parts.directory;
    this.#server = parts.server;
    this.#url = parts.url;
    this.#browser = parts.browser;
    this.port = parts.port;
    this.folder = join(parts.directory, 'sample');
    this.dataDirectory = join(parts.directory, 'data');
  }

  static async start({ trust }: EditorOptions): Promise<Editor> {
    const directory = mkdtempSync(join(tmpdir(), 'workflow-keys-editor-'));
    const profile = join(directory, 'profile');
    const port = await freePort();
    cpSync(join(root, 'test', 'workspace'), join(directory, 'sample'), { recursive: true });
    writeSettings(join(profile, 'User'), {
      'workbench.startupEditor': 'none',
      'workbench.tips.enabled': false,
      'workbench.reduceMotion': 'on',
      'window.commandCenter': false,
      'workbench.secondarySideBar.defaultVisibility': 'hidden',
      'chat.disableAIFeatures': true,
      'security.workspace.trust.startupPrompt': 'never',
      'security.workspace.trust.banner': 'never',
    });
    // The server is the machine for which settings of scope `machine` hold.
    writeSettings(join(profile, 'Machine'), {
      'workflowKeys.daemon.port': port,
      'workflowKeys.daemon.dataDirectory': join(directory, 'data'),
    });
    const flags = ['--user-data-dir', profile, '--extensions-dir', join(directory, 'extensions')];
    await promisify(execFile)(process.execPath, [codeServer, ...flags, '--install-extension', vsix]);
    const server = spawn(
      process.execPath,
      [
        codeServer,
        ...flags,
        ...['--auth', 'none', '--bind-addr', '127.0.0.1:0'],
        ...['--disable-telemetry', '--disable-update-check', '--disable-getting-started-override'],
        ...(trust ? ['--disable-workspace-trust'] : []),
      ],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
        detached: true,
        // Nothing is looked up in a gallery; all that is tested is here.
        env: { ...process.env, HOME: directory, EXTENSIONS_GALLERY: '{"serviceUrl":"http://127.0.0.1:9"}' },
      },
    );
    try {
      const url = await listening(server);
      return new Editor({ directory, server, browser: await launchBrowser(), port, url });
    } catch (thrown) {
      killGroup(server);
      throw thrown;
    }
  }

  /** A window on the sample workspace. */
  async open(name: string): Promise<Window> {
    const context = await this.#browser.newContext({
      viewport: { width: 1280, height: 860 },
      permissions: ['clipboard-read', 'clipboard-write'],
    });
    const page: Page = await context.newPage();
    page.setDefaultTimeout(60_000);
    await page.goto(`${this.#url}/?folder=${encodeURIComponent(this.folder)}`);
    await page.locator('.monaco-workbench').waitFor();
    return new Window(page, name);
  }

  /** What the running daemon says of itself. */
  daemon(): DaemonFile | undefined {
    const file = join(this.dataDirectory, 'daemon.json');
    return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined;
  }

  /** Changes a workflow's name in its source. */
  renameWorkflow(from: string, to: string): void {
    const file = join(this.folder, 'workflows', 'hello.py');
    writeFileSync(file, readFileSync(file, 'utf8').replace(`name="${from}"`, `name="${to}"`));
  }

  async #endDaemon(): Promise<void> {
    const pid = this.daemon()?.pid;
    if (pid === undefined) return;
    process.kill(pid);
    await processEnd(pid, AbortSignal.timeout(60_000));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#browser.close();
    // The group: code-server's own children, but not our daemon, which outlives its editor.
    killGroup(this.#server);
    await this.#endDaemon();
    rmSync(this.home, { recursive: true, force: true, maxRetries: 5 });
  }
}

function writeSettings(folder: string, settings: Record<string, unknown>): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'settings.json'), JSON.stringify(settings, null, 2));
}

function launchBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}

/** Where code-server listens, e.g. `http://127.0.0.1:12345`. What it says later is read too, or it would stop. */
function listening(server: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    if (!server.stdout) throw new Error('code-server has no output');
    createInterface({ input: server.stdout })
      .on('line', (line) => {
        const url = /HTTP server listening on (http:[^\s/]*\/\/[^\s/]+)/.exec(line)?.[1];
        if (url !== undefined) resolve(url);
      })
      .on('close', () => reject(new Error('code-server ended before it listened')));
  });
}

function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // All of it has ended already.
  }
}
