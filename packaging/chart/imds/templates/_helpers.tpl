{{- define "imds.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}
{{- define "imds.labels" -}}
app.kubernetes.io/name: imds
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}
