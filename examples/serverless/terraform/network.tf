resource "aws_security_group" "function" {
  name        = "${var.name}-function"
  description = "Functions"
  vpc_id      = var.vpc_id
}

resource "aws_security_group" "balancer" {
  name        = "${var.name}-balancer"
  description = "The load balancer before pgweir"
  vpc_id      = var.vpc_id
}

resource "aws_security_group" "pgweir" {
  name        = "${var.name}-pgweir"
  description = "pgweir"
  vpc_id      = var.vpc_id
}

resource "aws_security_group" "database" {
  name        = "${var.name}-database"
  description = "PostgreSQL, for pgweir alone"
  vpc_id      = var.vpc_id
}

resource "aws_vpc_security_group_egress_rule" "function_to_balancer" {
  security_group_id            = aws_security_group.function.id
  referenced_security_group_id = aws_security_group.balancer.id
  ip_protocol                  = "tcp"
  from_port                    = local.port
  to_port                      = local.port
}

resource "aws_vpc_security_group_ingress_rule" "balancer_from_function" {
  security_group_id            = aws_security_group.balancer.id
  referenced_security_group_id = aws_security_group.function.id
  ip_protocol                  = "tcp"
  from_port                    = local.port
  to_port                      = local.port
}

resource "aws_vpc_security_group_egress_rule" "balancer_to_pgweir" {
  security_group_id            = aws_security_group.balancer.id
  referenced_security_group_id = aws_security_group.pgweir.id
  ip_protocol                  = "tcp"
  from_port                    = local.port
  to_port                      = local.port
}

resource "aws_vpc_security_group_ingress_rule" "pgweir_from_balancer" {
  security_group_id            = aws_security_group.pgweir.id
  referenced_security_group_id = aws_security_group.balancer.id
  ip_protocol                  = "tcp"
  from_port                    = local.port
  to_port                      = local.port
}

resource "aws_vpc_security_group_egress_rule" "pgweir_to_database" {
  security_group_id            = aws_security_group.pgweir.id
  referenced_security_group_id = aws_security_group.database.id
  ip_protocol                  = "tcp"
  from_port                    = 5432
  to_port                      = 5432
}

# STS, CloudWatch Logs, Secrets Manager, the registry of the image.
resource "aws_vpc_security_group_egress_rule" "pgweir_to_aws" {
  security_group_id = aws_security_group.pgweir.id
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}

resource "aws_vpc_security_group_ingress_rule" "database_from_pgweir" {
  security_group_id            = aws_security_group.database.id
  referenced_security_group_id = aws_security_group.pgweir.id
  ip_protocol                  = "tcp"
  from_port                    = 5432
  to_port                      = 5432
}

# It passes bytes on as they are: TLS is between the function and pgweir.
resource "aws_lb" "pgweir" {
  name               = var.name
  load_balancer_type = "network"
  internal           = true
  subnets            = var.private_subnet_ids
  security_groups    = [aws_security_group.balancer.id]

  enable_cross_zone_load_balancing = true
}

resource "aws_lb_target_group" "pgweir" {
  name        = var.name
  vpc_id      = var.vpc_id
  target_type = "ip"
  protocol    = "TCP"
  port        = local.port

  # pgweir sees who comes, and counts bad tokens and logins by address.
  preserve_client_ip     = "true"
  deregistration_delay   = 60
  connection_termination = false

  health_check {
    protocol            = "TCP"
    interval            = 10
    healthy_threshold   = 2
    unhealthy_threshold = 2
  }
}

resource "aws_lb_listener" "pgweir" {
  load_balancer_arn = aws_lb.pgweir.arn
  protocol          = "TCP"
  port              = local.port

  default_action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.pgweir.arn
  }
}

resource "aws_route53_record" "pgweir" {
  zone_id = var.hosted_zone_id
  name    = var.hostname
  type    = "A"

  alias {
    name                   = aws_lb.pgweir.dns_name
    zone_id                = aws_lb.pgweir.zone_id
    evaluate_target_health = false
  }
}
