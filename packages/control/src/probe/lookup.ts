import type { LookupAddress } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import type { Resolver } from '@pgweir/pooler';

/** Lets Node.js look names up through `resolver`: a name that hangs then costs one question, not many. */
export function lookupThrough(resolver: Resolver): LookupFunction {
  return (host, options, done) => {
    resolver.resolve(host, (answer) => {
      if ('error' in answer) return done(answer.error, '');
      const found: LookupAddress[] = answer.addresses.map((address) => ({
        address,
        family: isIP(address),
      }));
      const [first] = found;
      if (options.all === true) done(null, found);
      else if (first === undefined) done(new Error(`${host} has no address`), '');
      else done(null, first.address, first.family);
    });
  };
}
