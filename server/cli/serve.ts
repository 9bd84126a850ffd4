/** `serve`: the daemon in this process. */

import { closeSync, existsSync, openSync, renameSync, statSync, writeSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { type LogSink, openLog } from '../log.ts';
import { readSettings, type SettingFlags, settingTable } from '../settings.ts';
import { count, plain, print } from './output.ts';
import type { ProgramContext } from './program.ts';

/** A log larger than this is set aside when the daemon starts. */
const maxLogBytes = 10 * 1024 * 1024;

interface ServeOptions extends SettingFlags {
  background?: boolean;
  welcome?: boolean;
}

export function addServeCommand(program: Command, context: ProgramContext): void {
  const serve = program
    .command('serve [folders...]')
    .description('start the daemon and register folders with workflows')
    .option('--port <n>', settingTable.port.doc)
    .option('--host <address>', settingTable.host.doc)
    .option('--python <program>', settingTable.python.doc)
    .option('--background', 'stop by itself when nobody needs it any more')
    .option('--welcome', 'make a first key if there is none, and print a line to try it with');

  serve.action(async (folders: string[], options: ServeOptions) => {
    const settings = readSettings(
      { ...options, dataDirectory: context.dataDirectory() },
      context.environment,
    );
    const { startDaemon } = await import('../daemon.ts');
    const file = openLogFile(join(settings.dataDirectory, 'daemon.log'));
    const daemon = await startDaemon({
      settings,
      folders: folders.map((folder) => resolve(folder)),
      background: options.background === true,
      environment: context.environment,
      log: openLog(file),
    }).catch((thrown: unknown) => {
      file.close();
      throw thrown;
    });

    const stop = () => {
      if (!context.json()) print('Stopping; runs in flight finish first.');
      void daemon.stop();
    };
    process.on('SIGTERM', stop);
    process.on('SIGINT', stop);
    process.on('SIGHUP', stop);

    if (context.json()) {
      print(JSON.stringify({ ready: true, url: daemon.url, pid: process.pid, data: settings.dataDirectory }));
    } else {
      print(`Workflow Keys listens on ${daemon.url}`);
      print(`Its reference is at ${daemon.url}/api-docs`);
      const folders = daemon.folders();
      for (const { path, workflows } of folders) print(`${count(workflows, 'workflow')} in ${plain(path)}`);
      if (folders.length === 0) print(`No folder is registered: ${context.called} folders add <folder>`);
      if (daemon.notice !== undefined) print(daemon.notice);
      if (options.welcome) print(await daemon.welcome(context.called));
      print('Stop with Ctrl+C.');
    }
    await daemon.stopped;
    file.close();
  });
}

/**
 * Appends lines to a file that only its owner can read; it is opened with the first one, when the data directory is
 * surely ours.
 *
 * Invariant: `write` never throws. What is logged on a full disk is often that the disk is full, and nobody is left to
 * catch that it could not be.
 */
function openLogFile(path: string): LogSink & { close(): void } {
  let descriptor: number | undefined;
  let isClosed = false;
  return {
    write(line) {
      if (isClosed) return;
      try {
        descriptor ??= openForAppending(path);
        writeSync(descriptor, line);
      } catch {
        // The next line is tried again.
      }
    },
    close() {
      isClosed = true;
      if (descriptor !== undefined) closeSync(descriptor);
    },
  };
}

function openForAppending(path: string): number {
  if (existsSync(path) && statSync(path).size > maxLogBytes) renameSync(path, `${path}.1`);
  return openSync(path, 'a', 0o600);
}
