{{- define "pgweir.fullname" -}}
{{- if contains .Chart.Name .Release.Name -}}
{{ .Release.Name | trunc 52 | trimSuffix "-" }}
{{- else -}}
{{ printf "%s-%s" .Release.Name .Chart.Name | trunc 52 | trimSuffix "-" }}
{{- end -}}
{{- end -}}

{{- define "pgweir.selectorLabels" -}}
app.kubernetes.io/name: pgweir
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "pgweir.labels" -}}
{{ include "pgweir.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}

{{- define "pgweir.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{ default (include "pgweir.fullname" .) .Values.serviceAccount.name }}
{{- else -}}
{{ default "default" .Values.serviceAccount.name }}
{{- end -}}
{{- end -}}

{{- define "pgweir.secretName" -}}
{{ default (printf "%s-users" (include "pgweir.fullname" .)) .Values.auth.existingSecret }}
{{- end -}}

{{/* The most replicas that there are at a time, as far as they are asked for. */}}
{{- define "pgweir.replicasMax" -}}
{{- if .Values.autoscaling.enabled -}}
{{ int .Values.autoscaling.maxReplicas }}
{{- else -}}
{{ int .Values.replicaCount }}
{{- end -}}
{{- end -}}

{{/* The most pods that there are at a time, with those that a rollout adds and those that still end. */}}
{{- define "pgweir.podsAtATime" -}}
{{- if eq .Values.kind "Deployment" -}}
{{- $replicas := include "pgweir.replicasMax" . | int -}}
{{- $surge := int .Values.deployment.maxSurge -}}
{{/* A rollout ends as many at a time as it may add and miss, and scaling down one: minReadySeconds and the HPA's policy. */}}
{{- $ending := add $surge (int .Values.deployment.maxUnavailable) (ternary 1 0 .Values.autoscaling.enabled) (include "pgweir.evictedAtATime" . | int) -}}
{{ add $replicas $surge $ending }}
{{- else -}}
{{ include "pgweir.replicasMax" . }}
{{- end -}}
{{- end -}}

{{/* So many may be missing for a drained node, and still end. */}}
{{- define "pgweir.evictedAtATime" -}}
{{- $most := toString .Values.podDisruptionBudget.maxUnavailable -}}
{{- if not .Values.podDisruptionBudget.enabled -}}
0
{{- else if hasSuffix "%" $most -}}
{{ divf (mul (trimSuffix "%" $most | int) (include "pgweir.replicasMax" . | int)) 100 | ceil | int }}
{{- else -}}
{{ int $most }}
{{- end -}}
{{- end -}}

{{/* What caps are divided by. */}}
{{- define "pgweir.podsMax" -}}
{{- if eq .Values.mode "sidecar" -}}
{{ required "sidecar.maxPods is needed: the most pods of the application that there can be" .Values.sidecar.maxPods | int }}
{{- else -}}
{{- $max := required "podsMax is needed: the most pods that there can be" .Values.podsMax | int -}}
{{- $needed := include "pgweir.podsAtATime" . | int -}}
{{- if lt $max $needed -}}
{{- fail (printf "podsMax = %d, and there can be %d pods at a time: raise it in an upgrade of its own first, and then the number of pods" $max $needed) -}}
{{- end -}}
{{ $max }}
{{- end -}}
{{- end -}}

{{/* A pod's part of a cap: dict "root" "name" "whole". */}}
{{- define "pgweir.share" -}}
{{- $pods := include "pgweir.podsMax" .root | int -}}
{{- $share := div (int .whole) $pods -}}
{{- if lt (int $share) 1 -}}
{{- fail (printf "%s = %d leaves nothing for each of %d pods: raise it, or let there be fewer pods" .name (int .whole) $pods) -}}
{{- end -}}
{{ $share }}
{{- end -}}

{{/* A value as pgweir writes it: YAML has made true of on, and Helm a float of each number. */}}
{{- define "pgweir.value" -}}
{{- if kindIs "bool" . -}}
{{ ternary "on" "off" . }}
{{- else if and (kindIs "float64" .) (eq (floor .) .) -}}
{{ int64 . }}
{{- else -}}
{{ . }}
{{- end -}}
{{- end -}}

{{/* A value of an entry of [databases]. */}}
{{- define "pgweir.entryValue" -}}
'{{ include "pgweir.value" . | replace "'" "''" }}'
{{- end -}}

{{/* Everybody who may look at the namespace sees a ConfigMap: dict "name" "key" "value" "instead". */}}
{{- define "pgweir.refuseSecret" -}}
{{- $value := toString .value -}}
{{- $isSecret := has .key (list "password" "dashboard_password" "trace_headers") -}}
{{- $hasSecret := or (regexMatch "://[^/\\s]*@" $value) (and (eq .key "auth_ldap_options") (regexMatch "(?i)ldapbindpasswd" $value)) -}}
{{- if or $isSecret $hasSecret -}}
{{- fail (printf "%s has a secret, and would be in a ConfigMap: %s" .name .instead) -}}
{{- end -}}
{{- end -}}

{{/* Something has to bound what each database may open: otherwise each pod has the defaults for itself. */}}
{{- define "pgweir.requireCap" -}}
{{- $all := .Values.caps | default dict -}}
{{- range $name, $database := .Values.databases -}}
{{- $own := $database.caps | default dict -}}
{{- if not (or $all.max_db_connections $all.default_pool_size $all.max_user_connections $all.max_connections_percent $own.max_db_connections $own.pool_size $own.max_connections_percent) -}}
{{- fail (printf "nothing bounds databases.%s: set caps.max_db_connections" $name) -}}
{{- end -}}
{{- end -}}
{{- end -}}
