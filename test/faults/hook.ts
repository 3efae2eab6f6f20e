/** Loaded before all else: from here on the modules of the admission path are read with a site at every await. */
import { registerHooks } from 'node:module';
import { fileURLToPath } from 'node:url';
import { fault, faultEach, faultyPorts } from './inject.ts';
import { instrument, instrumentedFiles } from './sites.ts';

Object.assign(globalThis, { fault, faultEach, faultyPorts });

const files = new Set(instrumentedFiles());
const COMPOSED = /\bcreateAdmission\(ports\)/;

registerHooks({
  load(url, context, nextLoad) {
    const loaded = nextLoad(url, context);
    if (!url.startsWith('file:') || loaded.source === undefined || loaded.source === null) return loaded;
    const path = fileURLToPath(url.replace(/[?#].*$/, ''));
    const source = Buffer.from(loaded.source as Uint8Array).toString();
    if (files.has(path)) return { ...loaded, source: instrument(path, source) };
    if (!path.endsWith('/src/compose.ts')) return loaded;
    if (!COMPOSED.test(source)) throw new Error('compose.ts hands admission its ports in another way');
    return { ...loaded, source: source.replace(COMPOSED, 'createAdmission(globalThis.faultyPorts(ports))') };
  },
});
