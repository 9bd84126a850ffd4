/** What a rotation of the secret key would do, and what it did. */

/** What a rotation of the secret key would do (D7). */
export interface SecretKeyCheck {
  /** Where the present key is from: `BIFROST_SECRET_KEY`, or a file of the data directory. */
  source: 'environment' | 'file';
  secrets: number;
  credentials: number;
  /** What does not open with the present key, by name and scope; a rotation is refused as long as there is any. */
  unreadable: string[];
}

export interface RotatedSecretKey {
  secrets: number;
  credentials: number;
  /** Everything was sealed with that key before. */
  alreadyDone: boolean;
  /** Where the next start of the daemon finds the new key. */
  keptIn: 'environment' | 'file';
}
