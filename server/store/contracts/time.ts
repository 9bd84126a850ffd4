/** How every record counts time. */

/** Milliseconds since the epoch. */
export type Millis = number;
