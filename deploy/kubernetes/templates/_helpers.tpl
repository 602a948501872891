{{- define "sigmasight.name" -}}
{{ .Release.Name | trunc 40 | trimSuffix "-" }}
{{- end }}

{{/* Labels of everything: pass (dict "root" $ "component" "greeks"). */}}
{{- define "sigmasight.labels" -}}
{{ include "sigmasight.selector" . }}
app.kubernetes.io/version: {{ .root.Values.image.tag | default .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version }}
{{- end }}

{{- define "sigmasight.selector" -}}
app.kubernetes.io/part-of: sigmasight
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end }}

{{- define "sigmasight.image" -}}
{{- with .root.Values.image.registry }}{{ . }}/{{ end -}}
sigmasight-{{ .component }}:{{ .root.Values.image.tag | default .root.Chart.AppVersion }}
{{- end }}

{{- define "sigmasight.podSecurity" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
seccompProfile: {type: RuntimeDefault}
{{- end }}

{{- define "sigmasight.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end }}

{{- define "sigmasight.databaseHost" -}}
{{- if .Values.postgres.cloudnative.enabled -}}
{{ include "sigmasight.name" . }}-postgres-rw
{{- else -}}
{{ required "postgres.host: name the server, or set postgres.cloudnative.enabled" .Values.postgres.host }}
{{- end -}}
{{- end }}

{{/* Where the servers are, for services and the bootstrap step. */}}
{{- define "sigmasight.servers" -}}
- {name: SIGMASIGHT_DATABASE_HOST, value: {{ include "sigmasight.databaseHost" . | quote }}}
- {name: SIGMASIGHT_DATABASE_PORT, value: {{ .Values.postgres.port | quote }}}
- {name: SIGMASIGHT_DATABASE_NAME, value: {{ .Values.postgres.database | quote }}}
- {name: SIGMASIGHT_NATS_URL, value: "nats://{{ include "sigmasight.name" . }}-nats:4222"}
# The arrays are small: one thread each leaves the cores to the other services.
- {name: OMP_NUM_THREADS, value: "1"}
- {name: OPENBLAS_NUM_THREADS, value: "1"}
{{- end }}

{{- define "sigmasight.pullSecrets" -}}
{{- with .Values.image.pullSecrets }}
imagePullSecrets:
{{ toYaml . }}
{{- end }}
{{- end }}
