/** An input that cannot be used: the message says what, why and what to do. */
export class InputError extends Error {
  override readonly name = 'InputError';
}
