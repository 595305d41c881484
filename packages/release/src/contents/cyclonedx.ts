import { createHash } from 'node:crypto';
import type { Component } from './components';

export interface BillOfMaterials {
  /** What it is the bill of: `npm` or `executable`. */
  readonly kind: string;
  readonly version: string;
  readonly epoch: number;
  readonly components: readonly Component[];
  /** Bun's version, where it is a part. */
  readonly runtime: string | undefined;
}

/**
 * A software bill of materials as CycloneDX 1.5, in JSON: the same for the same release.
 *
 * @see the specification of CycloneDX 1.5
 */
export function cycloneDx(bill: BillOfMaterials): string {
  const self = `pkg:npm/pgweir@${bill.version}`;
  const runtime = bill.runtime === undefined ? [] : [runtimeComponent(bill.runtime)];
  const components = [...runtime, ...bill.components.map(componentEntry)];
  const document = {
    $schema: 'http://cyclonedx.org/schema/bom-1.5.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.5',
    serialNumber: `urn:uuid:${uuidOf([bill.kind, bill.version, JSON.stringify(components)])}`,
    version: 1,
    metadata: {
      timestamp: new Date(bill.epoch * 1000).toISOString(),
      component: {
        type: 'application',
        'bom-ref': self,
        name: 'pgweir',
        version: bill.version,
        purl: self,
        licenses: [{ license: { id: 'Apache-2.0' } }],
        properties: [{ name: 'pgweir:artefact', value: bill.kind }],
      },
    },
    components,
    dependencies: [
      { ref: self, dependsOn: components.map((component) => component['bom-ref']) },
      ...bill.components.map(({ path, dependsOn }) => ({ ref: path, dependsOn })),
    ],
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

function componentEntry({ path, name, version, license, integrity }: Component) {
  return {
    type: 'library',
    'bom-ref': path,
    name,
    version,
    purl: `pkg:npm/${name.replace('@', '%40')}@${version}`,
    ...(license === undefined ? {} : { licenses: [licenseChoice(license)] }),
    ...(integrity === undefined ? {} : { hashes: [hashEntry(integrity)] }),
  };
}

/** One identifier of SPDX's list, or an expression of several. */
function licenseChoice(license: string) {
  return /[ ()]/.test(license) ? { expression: license } : { license: { id: license } };
}

function hashEntry(integrity: string) {
  const [algorithm = '', base64 = ''] = integrity.split(' ')[0]?.split('-') ?? [];
  const names: Readonly<Record<string, string>> = { sha512: 'SHA-512', sha1: 'SHA-1' };
  const content = Buffer.from(base64, 'base64').toString('hex');
  return { alg: names[algorithm] ?? algorithm.toUpperCase(), content };
}

function runtimeComponent(version: string) {
  return {
    type: 'platform',
    'bom-ref': 'bun',
    name: 'bun',
    version,
    purl: `pkg:npm/bun@${version}`,
    licenses: [{ license: { id: 'MIT' } }],
  };
}

/** A UUID of version 8: of our own making, here out of what it is the name of. */
function uuidOf(parts: readonly string[]): string {
  const bytes = createHash('sha256').update(parts.join('\0')).digest().subarray(0, 16);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x80, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  const hex = bytes.toString('hex');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
