variable "name" {
  description = "What everything here is called."
  type        = string
  default     = "pgweir-example"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,20}$", var.name))
    error_message = "Lower case letters, digits and hyphens, 3 to 21 of them."
  }
}

variable "region" {
  description = "Of everything, and the one whose STS is asked."
  type        = string
  default     = "eu-central-1"
}

variable "vpc_id" {
  description = "The VPC that all of this lives in."
  type        = string
}

variable "private_subnet_ids" {
  description = "At least two subnets in different zones. From there it must be possible to reach STS, CloudWatch Logs, Secrets Manager and the registry of the image: by NAT, or by interface endpoints."
  type        = list(string)

  validation {
    condition     = length(var.private_subnet_ids) >= 2
    error_message = "RDS and the load balancer want two zones."
  }
}

variable "pgweir_image" {
  description = "The image of docker/Dockerfile in a registry that ECS can read, best with its digest."
  type        = string
}

variable "hostname" {
  description = "The name by which functions reach pgweir. Its certificate must be good for it, and tokens are made for it. A record for it is made in hosted_zone_id."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9.-]+[a-z0-9]$", var.hostname))
    error_message = "A host name in lower case."
  }
}

variable "hosted_zone_id" {
  description = "The private zone of Route 53, known in the VPC, that hostname is in."
  type        = string
}

variable "tls_certificate_file" {
  description = "File of the certificate for hostname, with all between it and the root, as PEM."
  type        = string
}

variable "tls_key_secret_arn" {
  description = "Secret of Secrets Manager whose string is the key of the certificate, as PEM. It is made by hand, so that the key is in no state of Terraform."
  type        = string
}

variable "client_ca_file" {
  description = "File of the authority that functions verify pgweir by, as PEM. null: those that Node.js knows."
  type        = string
  default     = null
}

variable "rds_ca_file" {
  description = "File of the authorities of RDS in this region, from https://truststore.pki.rds.amazonaws.com/REGION/REGION-bundle.pem (the global one is too big for a task definition)."
  type        = string
}

variable "links" {
  description = "All connections that all of pgweir may have to PostgreSQL. They are divided among the tasks."
  type        = number
  default     = 50
}

variable "tasks" {
  description = "How many pgweirs. One is replaced by stopping it first."
  type        = number
  default     = 2

  validation {
    condition     = var.tasks >= 2
    error_message = "With fewer than two nobody serves while one is replaced."
  }
}

variable "workers" {
  description = "Processes of each pgweir."
  type        = number
  default     = 2
}

variable "max_connections" {
  description = "Of PostgreSQL."
  type        = number
  default     = 200
}

variable "db_instance_class" {
  type    = string
  default = "db.t4g.medium"
}

variable "db_engine_version" {
  description = "Of PostgreSQL. It must have the major version of db_family."
  type        = string
  default     = "17"
}

variable "db_family" {
  type    = string
  default = "postgres17"
}

variable "db_user" {
  description = "The user of functions. To be made once, by the master user: see README.md."
  type        = string
  default     = "shop_app"
}

variable "function_concurrency" {
  description = "Invocations that are reserved for the function, which are also the most that it has at once. -1: what the account has left. An account has 1000 at first, of which 100 cannot be reserved."
  type        = number
  default     = -1
}

variable "log_retention_days" {
  type    = number
  default = 30
}
