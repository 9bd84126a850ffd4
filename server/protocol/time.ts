/** How a time is written on the wire. */

/** Times on the wire are ISO 8601 in UTC. */
export type Timestamp = string;
