#!/usr/bin/env bash
# A pipeline's part: register what was trained, ask for its release, wait for the gate. Fails unless the gate says yes.
# PROBITY_URL and PROBITY_TOKEN come from the pipeline's secrets; probity.pyz is made by `manage.py build_cli --output probity.pyz`.
# MODEL, MLFLOW_RUN and DATASET_VERSION are what the training step knows.
set -euo pipefail

number=$(python3 probity.pyz register --model "$MODEL" --mlflow-run "$MLFLOW_RUN" --trained-on "$DATASET_VERSION" --format json |
    python3 -c 'import json, sys; print(json.load(sys.stdin)["number"])')
python3 probity.pyz request --model "$MODEL" --version "$number" --environment production

# 0 pass, 1 denied, 2 usage, 3 service unreachable, 4 still pending: everything but 0 stops the pipeline.
python3 probity.pyz gate --model "$MODEL" --version "$number" --environment production --wait --timeout 3600 --format junit > probity.xml
