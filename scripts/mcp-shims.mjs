/**
 * Takes the place of the MCP SDK's runtime shims when we bundle it: its own would bring a JSON Schema compiler (300 kB) for
 * checking the forms that a client fills in. Our server never sends one.
 */
export { default as process } from 'node:process';

export class DefaultJsonSchemaValidator {
  getValidator() {
    throw new Error('this server asks clients for nothing');
  }
}
