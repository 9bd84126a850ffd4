/** A `.gitignore` is read as git reads it, and git itself is asked where it is installed. */

import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ignores } from '../../client/gitignore.ts';
import { answers, isCi } from '../support/interpreter.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';

/** Text of the file, path, and what it says. */
const cases: [text: string, path: string, verdict: boolean | undefined][] = [
  ['', '.env', undefined],
  ['.env', '.env', true],
  ['/.env\n', '.env', true],
  ['node_modules/\r\n.env\r\n', '.env', true],
  ['# .env', '.env', undefined],
  ['.env   ', '.env', true],
  ['.env/', '.env', undefined],
  ['.env.local', '.env', undefined],
  ['xenv', '.env', undefined],
  ['.env*', '.env', true],
  ['.env.*', '.env', undefined],
  ['*.env', '.env', true],
  ['*', '.env', true],
  ['**/.env', '.env', true],
  ['.en?', '.env', true],
  ['.en[a-z]', '.env', true],
  ['.en[!v]', '.env', undefined],
  ['\\.env', '.env', true],
  ['.env*\n!.env', '.env', false],
  ['!.env\n.env', '.env', true],
  ['.env*\n!.env.example', '.env', true],
  ['.env', 'service/.env', true],
  ['/.env', 'service/.env', undefined],
  ['service/.env', 'service/.env', true],
  ['service/*', 'service/.env', true],
  ['service/**', 'service/.env', true],
  ['*/.env', 'a/service/.env', undefined],
  ['**/service/.env', 'a/service/.env', true],
  ['(.env)', '.env', undefined],
  ['.env+', '.env', undefined],
];

test('the last line that names the file decides', () => {
  for (const [text, path, verdict] of cases) {
    assert.equal(ignores(text, path), verdict, JSON.stringify([text, path]));
  }
});

if (answers('git', ['--version'])) {
  test('git says the same', (t) => {
    const folder = temporaryFolder();
    t.after(folder.remove);
    execFileSync('git', ['init', '-q', folder.path]);
    for (const [text, path, verdict] of cases) {
      writeFileSync(join(folder.path, '.gitignore'), text);
      const options = [
        '-C',
        folder.path,
        '-c',
        'core.excludesFile=',
        'check-ignore',
        '-q',
        '--no-index',
        path,
      ];
      assert.equal(spawnSync('git', options).status, verdict ? 0 : 1, JSON.stringify([text, path]));
    }
  });
} else if (isCi) {
  test('git is there, as CI must have it', () => assert.fail('install git'));
}
