data "archive_file" "function" {
  type        = "zip"
  source_file = "${path.module}/../build/lambda/handler.js"
  output_path = "${path.module}/../build/lambda/handler.zip"
}

data "aws_iam_policy_document" "function" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["lambda.amazonaws.com"]
    }
  }
}

# Who the function is. To log in to pgweir it needs no permission: its name in iam.map is enough.
resource "aws_iam_role" "function" {
  name               = "${var.name}-function"
  assume_role_policy = data.aws_iam_policy_document.function.json
}

# Its log, and network interfaces in the VPC.
resource "aws_iam_role_policy_attachment" "function" {
  role       = aws_iam_role.function.name
  policy_arn = "arn:${data.aws_partition.current.partition}:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole"
}

resource "aws_cloudwatch_log_group" "function" {
  name              = "/aws/lambda/${var.name}"
  retention_in_days = var.log_retention_days
}

resource "aws_lambda_function" "shop" {
  function_name    = var.name
  role             = aws_iam_role.function.arn
  runtime          = "nodejs22.x"
  architectures    = ["arm64"]
  handler          = "handler.handler"
  filename         = data.archive_file.function.output_path
  source_code_hash = data.archive_file.function.output_base64sha256

  # Longer than the function waits for its connection.
  timeout                        = 60
  memory_size                    = 512
  reserved_concurrent_executions = var.function_concurrency

  vpc_config {
    subnet_ids         = var.private_subnet_ids
    security_group_ids = [aws_security_group.function.id]
  }

  environment {
    variables = merge(
      {
        PGWEIR_HOST     = var.hostname
        PGWEIR_PORT     = tostring(local.port)
        PGWEIR_USER     = var.db_user
        PGWEIR_DATABASE = "shop"
      },
      var.client_ca_file == null ? {} : { PGWEIR_CA = file(var.client_ca_file) },
    )
  }

  depends_on = [
    aws_cloudwatch_log_group.function,
    aws_iam_role_policy_attachment.function,
  ]
}
