import type { KeyObject } from 'node:crypto';
import { readDer, readDerValue } from '../../src/verify/sigstore/der.ts';
import type { SignedMessage } from '../../src/verify/sigstore/message.ts';

/** A curve y² = x³ − 3x + b over the integers modulo p, with a base point of order n. */
interface Curve {
  readonly p: bigint;
  readonly n: bigint;
  readonly base: Point;
}

/** In Jacobian coordinates, x/z² and y/z³; at infinity where z is 0. */
interface Point {
  readonly x: bigint;
  readonly y: bigint;
  readonly z: bigint;
}

/** Source: NIST SP 800-186, section 3.2.1. */
const CURVES: Readonly<Record<string, Curve>> = {
  prime256v1: {
    p: 2n ** 256n - 2n ** 224n + 2n ** 192n + 2n ** 96n - 1n,
    n: 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n,
    base: {
      x: 0x6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296n,
      y: 0x4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5n,
      z: 1n,
    },
  },
};

/**
 * A message of which only the sha256 is known. Node verifies no signature over a digest, so ECDSA on P-256 is done
 * here (FIPS 186-5, section 6.4.2); any other key does not verify. Nothing in it is secret, so its time may vary.
 */
export function prehashed(sha256: Uint8Array): SignedMessage {
  return {
    digest: (algorithm) => (algorithm === 'sha256' ? sha256 : null),
    verify(key, signature, algorithm) {
      const curve = CURVES[key.asymmetricKeyDetails?.namedCurve ?? ''];
      return curve !== undefined && algorithm === 'sha256' && verifyEcdsa(curve, key, signature, sha256);
    },
  };
}

function verifyEcdsa(curve: Curve, key: KeyObject, signature: Uint8Array, digest: Uint8Array): boolean {
  const { p, n, base } = curve;
  const { x, y } = key.export({ format: 'jwk' });
  const point = { x: fromBase64url(x), y: fromBase64url(y), z: 1n };
  const [r, s, ...others] = readDer(readDerValue(signature, 0x30)).map(({ content }) => integer(content));
  if (r === undefined || s === undefined || others.length > 0) return false;
  if (r <= 0n || r >= n || s <= 0n || s >= n) return false;
  const w = inverse(s, n);
  const sum = add(times(base, (integer(digest) * w) % n, p), times(point, (r * w) % n, p), p);
  if (sum.z === 0n) return false;
  return modulo(sum.x * inverse(sum.z * sum.z, p), p) % n === r;
}

function times(point: Point, factor: bigint, p: bigint): Point {
  let sum: Point = { x: 1n, y: 1n, z: 0n };
  for (const bit of factor.toString(2)) {
    sum = double(sum, p);
    if (bit === '1') sum = add(sum, point, p);
  }
  return sum;
}

function double({ x, y, z }: Point, p: bigint): Point {
  const yy = (y * y) % p;
  const s = (4n * x * yy) % p;
  const m = (3n * (x - z * z) * (x + z * z)) % p;
  const doubled = modulo(m * m - 2n * s, p);
  return { x: doubled, y: modulo(m * (s - doubled) - 8n * yy * yy, p), z: modulo(2n * y * z, p) };
}

function add(one: Point, other: Point, p: bigint): Point {
  if (one.z === 0n) return other;
  if (other.z === 0n) return one;
  const [zz1, zz2] = [(one.z * one.z) % p, (other.z * other.z) % p];
  const [u1, u2] = [(one.x * zz2) % p, (other.x * zz1) % p];
  const [s1, s2] = [(one.y * zz2 * other.z) % p, (other.y * zz1 * one.z) % p];
  if (u1 === u2) return s1 === s2 ? double(one, p) : { x: 1n, y: 1n, z: 0n };
  const [h, r] = [u2 - u1, s2 - s1];
  const hh = (h * h) % p;
  const v = (u1 * hh) % p;
  const x = modulo(r * r - hh * h - 2n * v, p);
  return { x, y: modulo(r * (v - x) - s1 * hh * h, p), z: modulo(one.z * other.z * h, p) };
}

/** By the extended Euclidean algorithm. */
function inverse(value: bigint, modulus: bigint): bigint {
  let [old, rest] = [modulo(value, modulus), modulus];
  let [found, next] = [1n, 0n];
  while (rest !== 0n) {
    const quotient = old / rest;
    [old, rest] = [rest, old - quotient * rest];
    [found, next] = [next, found - quotient * next];
  }
  return modulo(found, modulus);
}

function modulo(value: bigint, modulus: bigint): bigint {
  return ((value % modulus) + modulus) % modulus;
}

function integer(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes).toString('hex') || '0'}`);
}

function fromBase64url(text: string | undefined): bigint {
  return integer(Buffer.from(text ?? '', 'base64url'));
}
