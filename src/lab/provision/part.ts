/** What every registry's module works with and gives back. */

/** What cannot be put into a world; the message says what, why, and what to do. */
export class CannotProvision extends Error {
  override readonly name = 'CannotProvision';
}

export interface ProvisionOptions {
  /** Folder that holds everything provisioned, absolute; see `cacheFolder()`. */
  readonly cache: string;
  /** Takes progress, one line each. */
  readonly say: (line: string) => void;
  /** Only what is in the cache already. */
  readonly offline?: boolean;
  readonly signal?: AbortSignal;
}

/** What one registry adds to a world. Paths of the host are relative to the cache folder. */
export interface Part {
  /** Uppermost first. */
  readonly layers: readonly string[];
  readonly binds: readonly { readonly from: string; readonly to: string }[];
  readonly path: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Need as written → version. */
  readonly versions: Readonly<Record<string, string>>;
  /** What root inside has yet to hand over, because who provisioned could not. */
  readonly owned?: readonly Owned[];
}

/** A file whose owner is not root. */
export interface Owned {
  /** Absolute inside the world. */
  readonly path: string;
  readonly uid: number;
  readonly gid: number;
  readonly mode: number;
}

/** Several parts of one world as one; a later part's layers lie over those of the earlier ones. */
export function together(parts: readonly Part[]): Part {
  return {
    layers: parts
      .flatMap(({ layers }) => [layers])
      .reverse()
      .flat(),
    binds: parts.flatMap(({ binds }) => binds),
    path: parts.flatMap(({ path }) => path),
    env: Object.assign({}, ...parts.map(({ env }) => env)),
    versions: Object.assign({}, ...parts.map(({ versions }) => versions)),
    owned: parts.flatMap(({ owned }) => owned ?? []),
  };
}

/** Something that the cache lacks; `bytes` null where only fetching would tell. */
export interface Absent {
  readonly what: string;
  readonly bytes: number | null;
}

/** Raised when the same needs would give other files: nothing made before is used then. */
export const PROVISION_CONTRACT = 2;
