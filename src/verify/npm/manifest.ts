import { ArchiveUnsafe } from '../archive/unsafe.ts';
import { saysTwice } from './duplicates.ts';

/** A package.json as npm reads it. Only own keys count. */
export type Manifest = Readonly<Record<string, unknown>>;

/**
 * Parses a package.json: UTF-8 with or without a byte order mark, an object, in which no member that decides
 * what an install does stands twice. Throws ArchiveUnsafe.
 */
export function readManifest(bytes: Uint8Array, path: string): Manifest {
  const written = Buffer.from(bytes).toString('utf8');
  const text = written.startsWith('\ufeff') ? written.slice(1) : written;
  const manifest = parsed(text);
  if (!manifest) throw new ArchiveUnsafe('unreadable package.json', path);
  if (saysTwice(text)) throw new ArchiveUnsafe('package.json that clients read differently', path);
  return manifest;
}

function parsed(text: string): Manifest | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Manifest) : null;
  } catch {
    // Whatever the parser disliked, it is not a manifest.
    return null;
  }
}

/** A field of the manifest, or undefined where it is not its own. */
export function own(manifest: Manifest, key: string): unknown {
  return Object.hasOwn(manifest, key) ? manifest[key] : undefined;
}

/** Lifecycle scripts that run when a package is installed as a dependency. */
const INSTALL_SCRIPTS = ['preinstall', 'install', 'postinstall'] as const;

/** The name of the first script that an install runs, or null. A script of an odd type counts. */
export function installScript(manifest: Manifest): string | null {
  const scripts = own(manifest, 'scripts');
  if (typeof scripts !== 'object' || scripts === null) return null;
  for (const name of INSTALL_SCRIPTS) {
    const script = own(scripts as Manifest, name);
    if (script !== undefined && script !== null && script !== '') return name;
  }
  return null;
}

/** The manifest asks for a native build by itself. */
export function asksForBuild(manifest: Manifest): boolean {
  const gypfile = own(manifest, 'gypfile');
  return gypfile !== undefined && gypfile !== null && gypfile !== false;
}
