{{/* What the container is in pods of its own and beside an application alike. */}}
{{- define "pgweir.container" -}}
name: pgweir
image: "{{ .Values.image.repository }}:{{ default .Chart.AppVersion .Values.image.tag }}"
imagePullPolicy: {{ .Values.image.pullPolicy }}
args: [/etc/pgweir/pgweir.ini]
{{- if or (include "pgweir.hasPeers" .) .Values.env }}
env:
  {{- if include "pgweir.hasPeers" . }}
  - name: PGWEIR_PEER_ID
    valueFrom:
      fieldRef:
        fieldPath: metadata.labels['apps.kubernetes.io/pod-index']
  {{- end }}
  {{- with .Values.env }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end }}
ports:
  - { name: postgres, containerPort: 6432 }
  - { name: http, containerPort: 9930 }
startupProbe:
  httpGet: { path: /healthz, port: http }
  periodSeconds: 1
  failureThreshold: 60
livenessProbe:
  httpGet: { path: /healthz, port: http }
  periodSeconds: 10
  timeoutSeconds: 5
  failureThreshold: 6
readinessProbe:
  httpGet: { path: /readyz, port: http }
  periodSeconds: 5
  timeoutSeconds: 3
  failureThreshold: 2
lifecycle:
  preStop:
    sleep:
      seconds: {{ int .Values.preStopSeconds }}
securityContext:
  runAsNonRoot: true
  readOnlyRootFilesystem: true
  allowPrivilegeEscalation: false
  capabilities:
    drop: [ALL]
  seccompProfile:
    type: RuntimeDefault
{{- with .Values.resources }}
resources:
  {{- toYaml . | nindent 2 }}
{{- end }}
volumeMounts:
  - { name: pgweir-config, mountPath: /etc/pgweir, readOnly: true }
  - { name: pgweir-users, mountPath: /etc/pgweir-users, readOnly: true }
  {{- if .Values.tls.client.existingSecret }}
  - { name: pgweir-client-tls, mountPath: /etc/pgweir-client-tls, readOnly: true }
  {{- end }}
  {{- if .Values.tls.server.existingSecret }}
  - { name: pgweir-server-tls, mountPath: /etc/pgweir-server-tls, readOnly: true }
  {{- end }}
  {{- with .Values.extraVolumeMounts }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end -}}

{{- define "pgweir.volumes" -}}
- name: pgweir-config
  configMap:
    name: {{ include "pgweir.fullname" . }}
- name: pgweir-users
  secret:
    secretName: {{ include "pgweir.secretName" . }}
{{- with .Values.tls.client.existingSecret }}
- name: pgweir-client-tls
  secret:
    secretName: {{ . }}
{{- end }}
{{- with .Values.tls.server.existingSecret }}
- name: pgweir-server-tls
  secret:
    secretName: {{ . }}
{{- end }}
{{- with .Values.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/*
For the chart of an application: one of its initContainers. It is up before the application starts, and
ends after it has ended.
*/}}
{{- define "pgweir.sidecar" -}}
{{- if ne .Values.mode "sidecar" }}{{ fail "pgweir.sidecar needs mode: sidecar" }}{{ end -}}
- restartPolicy: Always
  {{- include "pgweir.container" . | nindent 2 }}
{{- end -}}

{{/* For the annotations of the application's pods: they are made anew when what this chart makes changes. */}}
{{- define "pgweir.checksums" -}}
checksum/pgweir-config: {{ include "pgweir.ini" . | sha256sum }}
checksum/pgweir-users: {{ toJson .Values.auth.users | sha256sum }}
{{- end -}}
