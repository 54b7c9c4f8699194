/** Java's store of trusted authorities, which Debian's packages would make with a program of their own. */
import { createHash, X509Certificate } from 'node:crypto';

const MAGIC = 0xfeedfeed;
const VERSION = 2;
const TRUSTED_CERTIFICATE = 2;
/** The password that every Java installation has; it protects nothing but against accidents. */
const PASSWORD = 'changeit';
/** Part of the digest by the format's own definition (sun.security.provider.JavaKeyStore). */
const SALT = 'Mighty Aphrodite';

/** A store in the format JKS. Takes names and certificates in PEM. */
export function writeTruststore(certificates: readonly (readonly [name: string, pem: string])[]): Buffer {
  const parts = [u32(MAGIC), u32(VERSION), u32(certificates.length)];
  for (const [name, pem] of certificates) {
    const der = new X509Certificate(pem).raw;
    // Eight bytes of date: when it was added, which nobody asks.
    parts.push(u32(TRUSTED_CERTIFICATE), utf(name), Buffer.alloc(8), utf('X.509'), u32(der.length), der);
  }
  const content = Buffer.concat(parts);
  const password = Buffer.from(PASSWORD, 'utf16le').swap16();
  return Buffer.concat([content, createHash('sha1').update(password).update(SALT).update(content).digest()]);
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

function utf(text: string): Buffer {
  const bytes = Buffer.from(text, 'utf8');
  const length = Buffer.alloc(2);
  length.writeUInt16BE(bytes.length);
  return Buffer.concat([length, bytes]);
}
