/** By itself, so that a verb that opens no book does not load the matcher for it. */

/** An input that cannot be used: the message says what, why and what to do. */
export class InputError extends Error {
  override readonly name = 'InputError';
}
