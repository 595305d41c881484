locals {
  port = 6432

  # Each of them keeps to its own part, so all of them together keep to the whole.
  links_per_task = floor(var.links / var.tasks)

  folder = "/tmp/pgweir"

  config = templatefile("${path.module}/../pgweir.ini.tftpl", {
    name          = var.name
    db_host       = aws_db_instance.shop.address
    db_port       = aws_db_instance.shop.port
    db_ca_file    = "${local.folder}/rds.pem"
    listen_addr   = "*"
    listen_port   = local.port
    server_name   = var.hostname
    region        = var.region
    tls_key_file  = "${local.folder}/server.key"
    tls_cert_file = "${local.folder}/server.crt"
    dir           = local.folder
    links         = local.links_per_task
    workers       = var.workers
  })

  map = templatefile("${path.module}/../iam.map.tftpl", {
    partition = data.aws_partition.current.partition
    account   = data.aws_caller_identity.current.account_id
    role      = aws_iam_role.function.name
    user      = var.db_user
  })
}

# Log lines, and metrics in Embedded Metric Format among them.
resource "aws_cloudwatch_log_group" "pgweir" {
  name              = "/ecs/${var.name}"
  retention_in_days = var.log_retention_days
}

data "aws_iam_policy_document" "tasks" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["ecs-tasks.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [data.aws_caller_identity.current.account_id]
    }
  }
}

# Who pgweir is: it may log in as one user of one database, and nothing else.
resource "aws_iam_role" "pgweir" {
  name               = "${var.name}-task"
  assume_role_policy = data.aws_iam_policy_document.tasks.json
}

data "aws_iam_policy_document" "connect" {
  statement {
    actions = ["rds-db:connect"]
    resources = [
      "arn:${data.aws_partition.current.partition}:rds-db:${var.region}:${data.aws_caller_identity.current.account_id}:dbuser:${aws_db_instance.shop.resource_id}/${var.db_user}",
    ]
  }
}

resource "aws_iam_role_policy" "connect" {
  name   = "connect"
  role   = aws_iam_role.pgweir.id
  policy = data.aws_iam_policy_document.connect.json
}

# What ECS needs to start it: the image, the log, and the key of the certificate.
resource "aws_iam_role" "start" {
  name               = "${var.name}-start"
  assume_role_policy = data.aws_iam_policy_document.tasks.json
}

resource "aws_iam_role_policy_attachment" "start" {
  role       = aws_iam_role.start.name
  policy_arn = "arn:${data.aws_partition.current.partition}:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy"
}

data "aws_iam_policy_document" "key" {
  statement {
    actions   = ["secretsmanager:GetSecretValue"]
    resources = [var.tls_key_secret_arn]
  }
}

resource "aws_iam_role_policy" "key" {
  name   = "key"
  role   = aws_iam_role.start.id
  policy = data.aws_iam_policy_document.key.json
}

resource "aws_ecs_cluster" "pgweir" {
  name = var.name
}

resource "aws_ecs_task_definition" "pgweir" {
  family                   = var.name
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = 2048
  memory                   = 4096
  task_role_arn            = aws_iam_role.pgweir.arn
  execution_role_arn       = aws_iam_role.start.arn

  container_definitions = jsonencode([{
    name        = "pgweir"
    image       = var.pgweir_image
    essential   = true
    stopTimeout = 120

    # The image has no configuration in it: it comes in the environment, and the key from the secret.
    entryPoint = ["sh", "-c"]
    command = [<<-EOT
      umask 077
      mkdir -p ${local.folder} && cd ${local.folder}
      printf '%s' "$PGWEIR_INI" > pgweir.ini
      printf '%s' "$PGWEIR_MAP" > iam.map
      printf '%s' "$PGWEIR_CERTIFICATE" > server.crt
      printf '%s' "$PGWEIR_KEY" > server.key
      printf '%s' "$PGWEIR_RDS_CA" > rds.pem
      unset PGWEIR_INI PGWEIR_MAP PGWEIR_CERTIFICATE PGWEIR_KEY PGWEIR_RDS_CA
      exec node /opt/pgweir/packages/cli/dist/main.js pgweir.ini
    EOT
    ]

    environment = [
      { name = "AWS_REGION", value = var.region },
      { name = "PGWEIR_INI", value = local.config },
      { name = "PGWEIR_MAP", value = local.map },
      { name = "PGWEIR_CERTIFICATE", value = file(var.tls_certificate_file) },
      { name = "PGWEIR_RDS_CA", value = file(var.rds_ca_file) },
    ]

    secrets = [{ name = "PGWEIR_KEY", valueFrom = var.tls_key_secret_arn }]

    portMappings = [{ containerPort = local.port, protocol = "tcp" }]

    # A thousand clients, their links, and some more.
    ulimits = [{ name = "nofile", softLimit = 16384, hardLimit = 16384 }]

    logConfiguration = {
      logDriver = "awslogs"
      options = {
        awslogs-group         = aws_cloudwatch_log_group.pgweir.name
        awslogs-region        = var.region
        awslogs-stream-prefix = "pgweir"
      }
    }
  }])

  lifecycle {
    precondition {
      condition     = length(file(var.rds_ca_file)) < 32768
      error_message = "rds_ca_file is too big for a task definition: take the bundle of the region."
    }

    precondition {
      condition     = local.links_per_task >= 1 && var.links + local.links_per_task <= var.max_connections - 10
      error_message = "links: at least one for each task, and with one part more still fewer than max_connections."
    }
  }
}

resource "aws_ecs_service" "pgweir" {
  name            = var.name
  cluster         = aws_ecs_cluster.pgweir.id
  task_definition = aws_ecs_task_definition.pgweir.arn
  desired_count   = var.tasks
  launch_type     = "FARGATE"

  # One is told to end before the next begins. While it still serves its clients to the end (stopTimeout at
  # most) both may have their part of the links: max_connections has room for one part more.
  deployment_maximum_percent         = 100
  deployment_minimum_healthy_percent = 50

  deployment_circuit_breaker {
    enable   = true
    rollback = true
  }

  network_configuration {
    subnets         = var.private_subnet_ids
    security_groups = [aws_security_group.pgweir.id]
  }

  load_balancer {
    target_group_arn = aws_lb_target_group.pgweir.arn
    container_name   = "pgweir"
    container_port   = local.port
  }

  depends_on = [aws_lb_listener.pgweir, aws_iam_role_policy.connect, aws_iam_role_policy.key]
}
