{{/* pgweir.ini of one pod. */}}
{{- define "pgweir.ini" -}}
{{- $root := . -}}
{{- if not .Values.databases }}{{ fail "databases is empty: there is nobody to connect to" }}{{ end -}}
{{- include "pgweir.requireCap" . -}}
{{- range $name, $database := .Values.databases -}}
{{- range $key, $value := $database.parameters -}}
{{- include "pgweir.refuseSecret" (dict "name" (printf "databases.%s.parameters.%s" $name $key) "key" $key "value" $value "instead" "give the user in the Secret of auth.existingSecret, or secret: file:/PATH of a Secret in extraVolumes") -}}
{{- end -}}
{{- end -}}
{{- range $key, $value := .Values.settings -}}
{{- include "pgweir.refuseSecret" (dict "name" (printf "settings.%s" $key) "key" $key "value" $value "instead" (printf "set PGWEIR_%s in env, from a Secret" (upper $key))) -}}
{{- end -}}
; Made by Helm for release {{ .Release.Name }}. Caps are those of one of at most {{ include "pgweir.podsMax" . }} pods.
[databases]
{{- range $name, $database := .Values.databases }}
'{{ $name | replace "'" "''" }}' = host={{ include "pgweir.entryValue" $database.host }} port={{ default 5432 $database.port | int }}
{{- with $database.dbname }} dbname={{ include "pgweir.entryValue" . }}{{ end }}
{{- range $key, $whole := $database.caps }} {{ $key }}={{ include "pgweir.share" (dict "root" $root "name" (printf "databases.%s.caps.%s" $name $key) "whole" $whole) }}{{ end }}
{{- range $key, $value := $database.parameters }} {{ $key }}={{ include "pgweir.entryValue" $value }}{{ end }}
{{- end }}

[pgbouncer]
listen_addr = {{ ternary "127.0.0.1" "*" (eq .Values.mode "sidecar") }}
listen_port = 6432
unix_socket_dir =
metrics_addr = *:9930
auth_file = /etc/pgweir-users/userlist.txt
{{- range $key, $whole := .Values.caps }}
{{ $key }} = {{ include "pgweir.share" (dict "root" $root "name" (printf "caps.%s" $key) "whole" $whole) }}
{{- end }}
{{- if .Values.tls.client.existingSecret }}
client_tls_sslmode = {{ .Values.tls.client.sslmode }}
client_tls_cert_file = /etc/pgweir-client-tls/tls.crt
client_tls_key_file = /etc/pgweir-client-tls/tls.key
{{- if hasPrefix "verify" .Values.tls.client.sslmode }}
client_tls_ca_file = /etc/pgweir-client-tls/ca.crt
{{- end }}
{{- end }}
server_tls_sslmode = {{ .Values.tls.server.sslmode }}
{{- if .Values.tls.server.existingSecret }}
server_tls_ca_file = /etc/pgweir-server-tls/ca.crt
{{- end }}
{{- range $key, $value := .Values.settings }}
{{ $key }} = {{ include "pgweir.value" $value }}
{{- end }}
{{- if include "pgweir.hasPeers" . }}

; A cancel request may get to any pod: it is passed on to the one that it is for.
[peers]
{{- range $number := untilStep 1 (add1 (include "pgweir.podsMax" . | int) | int) 1 }}
{{ $number }} = host={{ include "pgweir.fullname" $root }}-{{ $number }}.{{ include "pgweir.fullname" $root }}-pods port=6432
{{- end }}
{{- end }}

; PGWEIR_PEER_ID, and what the values have in env.
%include env:
{{ end -}}

{{- define "pgweir.hasPeers" -}}
{{- if and (eq .Values.mode "pods") (eq .Values.kind "StatefulSet") (gt (include "pgweir.podsMax" . | int) 1) }}yes{{ end -}}
{{- end -}}
