/** Secrets of every sort that the scrubber's tests go through; none of them is real. */

const pemLine = 'MIIEexampleTESTkey0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJ';

/** Name of the sort → a secret. */
export const sampleSecrets: Readonly<Record<string, string>> = {
  alphanumeric: 'sktest4eC39HqLyjWDarjtT1zdp7dcExample',
  'an API key': 'sk_test_4eC39HqLyjWDarjtT1zdp7dc',
  'hex digits': '9f86d081884c7d659a2feaa0c55ad015example',
  punctuated: 'p@ss/w+o=r%d&t~e*s!t(1)[2]{3};:,.?#$^|`',
  'with quotes and backslashes': `te'st"sec\\ret'"'exa\\nmple`,
  'with markup': '<test key="a&b">it\'s &amp; more</test>',
  'with blanks around': '  test secret with blanks \t',
  'not ASCII': 'pässwörd-tést-ключ-密码-Ünïcode',
  'beyond the first plane': 'test🔑secret🗝️example😀key',
  'with invisible characters': 'test\u00a0secret\u200bexample\u2028key\u0001end\u007f',
  'several lines': 'first-line-of-test\nsecond-line-of-test\r\nthird\n',
  long: 'Test0123456789+/'.repeat(13),
  'a private key of 64 KiB': [
    '-----BEGIN TEST PRIVATE KEY-----',
    ...Array.from({ length: 1000 }, (_, index) => `${String(index).padStart(4, '0')}${pemLine.slice(4)}`),
    '-----END TEST PRIVATE KEY-----\n',
  ].join('\n'),
};
