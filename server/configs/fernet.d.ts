/** The part of the package `fernet` that the vault uses; it ships no types of its own. */

declare module 'fernet' {
  /** @throws Error when it is not 32 bytes in URL-safe base64. */
  class Secret {
    constructor(base64: string);
  }

  /** For one message only: an object that has encoded before encodes that message again in place of an empty one. */
  class Token {
    /** `ttl: 0` switches off the default age limit of a minute. */
    constructor(options: { secret: Secret; ttl: 0; token?: string });
    encode(message: string): string;
    decode(): string;
  }

  const fernet: { Secret: typeof Secret; Token: typeof Token };
  export default fernet;
}
