#!/bin/sh
# As the official image: templates get the environment's variables, then nginx runs.
set -e
for template in /etc/nginx/templates/*.template; do
  [ -e "$template" ] || continue
  defined=$(env | sed -n 's/^\([A-Za-z_][A-Za-z0-9_]*\)=.*/${\1}/p' | tr '\n' ' ')
  envsubst "$defined" <"$template" >"/etc/nginx/conf.d/$(basename "$template" .template)"
done
for script in /docker-entrypoint.d/*.sh; do
  if [ -x "$script" ]; then "$script"; fi
done
exec "$@"
