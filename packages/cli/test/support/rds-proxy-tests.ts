/** Which test shows what a setting does that is about AWS, as `setting-tests.ts` has it. */
export const OF_RDS_PROXY = {
  pgbouncer: {
    'packages/cli/test/e2e/secrets.test.ts': {
      secret_role_arn: 'a role is assumed for a secret: that of its entry, or the one for all',
    },
    'packages/cli/test/config/server-auth.test.ts': {
      aws_role_arn:
        'region and role of a user go before those of the database, and those before the global ones',
      aws_external_id:
        'region and role of a user go before those of the database, and those before the global ones',
    },
    'packages/cli/test/e2e/iam-servers.test.ts': {
      server_auth: 'RELOAD changes how links log in, both ways',
      aws_region: 'aws_region that is not the one of the database: refused, with its words',
    },
    'packages/pooler/test/pool/server-parts.test.ts': {
      max_connections_percent:
        'max_connections_percent: as many links as that part of what the server allows, whoever waits',
      max_idle_connections_percent:
        'max_idle_connections_percent: what has been idle for 5 minutes is closed down to it',
    },
    'packages/cli/test/config/aliases.test.ts': {
      connection_borrow_timeout: "each of RDS Proxy's names means the setting of PgBouncer",
      idle_client_timeout: "each of RDS Proxy's names means the setting of PgBouncer",
      init_query: "each of RDS Proxy's names means the setting of PgBouncer",
      require_tls: 'require_tls is client_tls_sslmode = require',
    },
    'packages/cli/test/e2e/workers-rds-proxy.test.ts': {
      metrics_emf: 'metrics_emf writes lines that CloudWatch takes, and that are true',
      metrics_emf_file: 'metrics_emf writes lines that CloudWatch takes, and that are true',
      metrics_emf_namespace: 'metrics_emf writes lines that CloudWatch takes, and that are true',
      metrics_emf_proxy_name: 'metrics_emf writes lines that CloudWatch takes, and that are true',
    },
  },
  databases: {
    'packages/cli/test/e2e/secrets.test.ts': {
      secret: 'the user of a secret logs in with its password, and nobody else does',
      secret_role_arn: 'a role is assumed for a secret: that of its entry, or the one for all',
    },
    'packages/cli/test/e2e/iam-servers.test.ts': {
      server_auth:
        'server_auth of a user goes before that of the database, and that before the global one',
      aws_region: 'aws_region need not be in the environment when the setting has it',
      aws_role_arn:
        'aws_role_arn is assumed with aws_external_id, once, and again before its session ends',
      aws_external_id:
        'aws_role_arn is assumed with aws_external_id, once, and again before its session ends',
    },
    'packages/cli/test/e2e/aurora.test.ts': {
      topology:
        'topology = aurora: one endpoint is enough to find the members, their roles and their lag',
      instance_host_pattern:
        'instance_host_pattern can be changed by RELOAD: members are looked for there, and found again',
    },
    'packages/pooler/test/pool/server-parts.test.ts': {
      max_connections_percent:
        'max_connections_percent of an entry counts for all entries with that server',
      max_idle_connections_percent: 'max_idle_connections_percent of an entry holds for its server',
    },
    'packages/cli/test/config/aliases.test.ts': {
      connection_borrow_timeout: 'an entry of its own goes before what holds for all',
      init_query: 'an entry of its own goes before what holds for all',
    },
  },
  users: {
    'packages/cli/test/e2e/secrets.test.ts': {
      secret: 'the secret of a user serves all databases, also for links, and the console',
      secret_role_arn: 'a role is assumed for a secret: that of its entry, or the one for all',
    },
    'packages/cli/test/config/server-auth.test.ts': {
      aws_region:
        'region and role of a user go before those of the database, and those before the global ones',
      aws_role_arn:
        'region and role of a user go before those of the database, and those before the global ones',
      aws_external_id:
        'region and role of a user go before those of the database, and those before the global ones',
    },
    'packages/cli/test/e2e/iam-servers.test.ts': {
      server_auth:
        'server_auth of a user goes before that of the database, and that before the global one',
    },
    'packages/cli/test/config/aliases.test.ts': {
      connection_borrow_timeout: 'an entry of its own goes before what holds for all',
      idle_client_timeout: 'an entry of its own goes before what holds for all',
    },
  },
};
