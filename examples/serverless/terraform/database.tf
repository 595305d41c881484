resource "aws_db_subnet_group" "shop" {
  name       = var.name
  subnet_ids = var.private_subnet_ids
}

resource "aws_db_parameter_group" "shop" {
  name   = var.name
  family = var.db_family

  parameter {
    name         = "max_connections"
    value        = var.max_connections
    apply_method = "pending-reboot"
  }

  parameter {
    name  = "rds.force_ssl"
    value = "1"
  }
}

resource "aws_db_instance" "shop" {
  identifier     = var.name
  engine         = "postgres"
  engine_version = var.db_engine_version
  instance_class = var.db_instance_class

  db_name                = "shop"
  db_subnet_group_name   = aws_db_subnet_group.shop.name
  parameter_group_name   = aws_db_parameter_group.shop.name
  vpc_security_group_ids = [aws_security_group.database.id]

  allocated_storage = 20
  storage_type      = "gp3"
  storage_encrypted = true

  # Of the master user RDS keeps the password in Secrets Manager. Nobody else has one.
  username                            = "postgres"
  manage_master_user_password         = true
  iam_database_authentication_enabled = true

  backup_retention_period   = 7
  deletion_protection       = true
  final_snapshot_identifier = "${var.name}-final"
}
