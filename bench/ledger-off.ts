import { registerHooks } from 'node:module';

// Imported by a firewall before all else (`node --import`): its ledger acknowledges at once and writes nothing.

const OFF = new URL('./ledger-acknowledging.ts', import.meta.url).href;

registerHooks({
  resolve(specifier, context, next) {
    const resolved = next(specifier, context);
    const isOpen = resolved.url.endsWith('/src/ledger/open.ts') && context.parentURL !== OFF;
    return isOpen ? { ...resolved, url: OFF } : resolved;
  },
});
