import { TOPOLOGIES } from '@pgweir/pooler';
import { hostPattern, oneOf } from '../value-types';
import { setting } from './row';

/** What an entry of `[databases]` may say about clusters of RDS. */
export const RDS_ENTRY = {
  topology: setting(oneOf(TOPOLOGIES), {
    help:
      'Our own, with target_session_attrs or read_write_split. static: host names all servers. aurora: host leads to an ' +
      'Aurora PostgreSQL cluster (its endpoint, that of its readers, or of an instance), rds-cluster: to an RDS Multi-AZ DB ' +
      'cluster; members, their roles and lag come from what they say of each other. Not set: static.',
  }),
  instance_host_pattern: setting(hostPattern, {
    help:
      'Our own, with topology = aurora. How the hosts of instances are called, with ? for the name of one ' +
      '(?.abc123.eu-west-1.rds.amazonaws.com). Not set: as host tells, if that is an endpoint of RDS.',
  }),
};
