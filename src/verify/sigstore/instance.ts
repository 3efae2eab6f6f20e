/**
 * The Sigstore instances that the services at these addresses belong to: `sigstore.dev` for
 * `https://rekor.sigstore.dev`, the last two labels of a host. A host of one label and an IP address name no
 * instance: they are of a laboratory, and may stand beside any.
 * @throws TypeError for an address that is none
 */
export function instancesOf(addresses: Iterable<string>): string[] {
  const instances = new Set<string>();
  for (const address of addresses) {
    const { hostname } = new URL(/^[a-z][a-z0-9+.-]*:\/\//i.test(address) ? address : `https://${address}`);
    const labels = hostname.replace(/\.$/, '').split('.');
    if (labels.length > 1 && !IP_ADDRESS.test(hostname)) instances.add(labels.slice(-2).join('.'));
  }
  return [...instances];
}

/** As `URL` writes them. */
const IP_ADDRESS = /^(\d+\.\d+\.\d+\.\d+|\[.*\])$/;
