{{- /* A Job for one command of sketchfind. Takes chart (the root context), command, and its arguments. */ -}}
{{- define "sketchfind.job" -}}
apiVersion: batch/v1
kind: Job
metadata:
  # a Job cannot be changed, so each revision of the release has its own
  name: {{ include "sketchfind.fullname" .chart }}-{{ .command }}-{{ .chart.Release.Revision }}
  labels:
    {{- include "sketchfind.selectorLabels" .chart | nindent 4 }}
    {{- include "sketchfind.labels" .chart | nindent 4 }}
    app.kubernetes.io/component: {{ .command }}
spec:
  backoffLimit: {{ .chart.Values.jobs.backoffLimit }}
  podFailurePolicy:
    rules:
      - action: Ignore  # an evicted pod is no failure: the next one resumes
        onPodConditions:
          - type: DisruptionTarget
            status: "True"
  template:
    metadata:
      labels:
        {{- include "sketchfind.selectorLabels" .chart | nindent 8 }}
        {{- include "sketchfind.labels" .chart | nindent 8 }}
        app.kubernetes.io/component: {{ .command }}
    spec:
      {{- include "sketchfind.pod" .chart | trim | nindent 6 }}
      restartPolicy: Never
      containers:
        - name: sketchfind
          {{- include "sketchfind.container" .chart | nindent 10 }}
          args: {{ concat (list "sketchfind" .command) .arguments (list "--gallery" "/data/gallery") | toJson }}
          resources:
            {{- toYaml .chart.Values.jobs.resources | nindent 12 }}
          volumeMounts:
            {{- include "sketchfind.mounts" .chart | nindent 12 }}
            {{- if eq .command "build" }}
            - name: catalogue
              mountPath: /catalogue
              readOnly: true
            {{- end }}
      volumes:
        {{- include "sketchfind.volumes" .chart | nindent 8 }}
        {{- if eq .command "build" }}
        - name: catalogue
          persistentVolumeClaim:
            claimName: {{ .chart.Values.jobs.build.claim }}
            readOnly: true
        {{- end }}
{{- end -}}
