#!/bin/bash
curl -s -H Metadata:true "http://169.254.169.254/metadata/instance?api-version=2021-02-01"
curl -s -H "Metadata: true" "http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01&resource=x"
curl -s -H "Metadata-Flavor: Google" http://169.254.169.254/computeMetadata/v1/instance/id
curl -s -H 'Metadata-Flavor: Google' http://metadata.google.internal/computeMetadata/v1/project/project-id
curl -s http://169.254.169.254/opc/v1/instance/
curl -s http://169.254.169.254/openstack/latest/meta_data.json
curl -s http://169.254.169.254/metadata/v1/id
