output "pgweir" {
  description = "Where pgweir is, as functions reach it."
  value       = "${var.hostname}:${local.port}"
}

output "function" {
  description = "For aws lambda invoke --function-name."
  value       = aws_lambda_function.shop.function_name
}

output "function_role_arn" {
  value = aws_iam_role.function.arn
}

output "database" {
  description = "Where PostgreSQL is. Only pgweir can reach it."
  value       = aws_db_instance.shop.endpoint
}

output "database_master_secret_arn" {
  description = "The password of the master user, for making the user of functions once."
  value       = one(aws_db_instance.shop.master_user_secret[*].secret_arn)
}

output "links_per_task" {
  value = local.links_per_task
}

output "log_group" {
  value = aws_cloudwatch_log_group.pgweir.name
}
