#!/bin/sh
# Create the secrets: `prepare.sh [DIRECTORY]` writes passwords, URLs that contain them, and the internal TLS
# certificates into `secrets` beside this file. Existing files are kept. Keep the directory out of backups that others
# can read, and keep a copy of `sgate_secret_keys` elsewhere: without it webhook secrets cannot be decrypted.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
out=${1:-$here/secrets}
days=${CERTIFICATE_DAYS:-825}

# Hosts in the URLs, and additional names in the certificates.
: "${PGBOUNCER_ADDRESS:=pgbouncer:6432}"
: "${POSTGRES_ADDRESS:=postgres:5432}"
: "${REDIS_ADDRESS:=redis:6379}"
: "${EXTRA_NAMES:=}"  # more names in each certificate, such as IP:127.0.0.1

mkdir -p "$out"
# Only this user can enter the directory. The files themselves are readable by all, because they are mounted one by one
# into containers that run as other users.
chmod 700 "$out"
umask 022
cd "$out"

random() {
  [ -s "$1" ] || openssl rand -hex 32 >"$1"
}

random postgres_superuser_password
random postgres_owner_password
random postgres_app_password
random postgres_replication_password
random pgbouncer_admin_password
random redis_password
random sgate_secret_keys
random grafana_password

# Write the URL $1 for the role $2, whose password is in $3, of the database $4.
database_url() {
  [ -s "$1" ] || printf 'postgresql://%s:%s@%s\n' "$2" "$(cat "$3")" "$4" >"$1"
}

database_url database_url sgate_app postgres_app_password "$PGBOUNCER_ADDRESS/sgate"
database_url database_direct_url sgate_app postgres_app_password "$POSTGRES_ADDRESS/sgate"
database_url database_replica_url sgate_app postgres_app_password "$PGBOUNCER_ADDRESS/sgate_replica"
database_url database_owner_url sgate postgres_owner_password "$POSTGRES_ADDRESS/sgate" # only for `sgate migrate`
[ -s redis_url ] || printf 'rediss://:%s@%s/0\n' "$(cat redis_password)" "$REDIS_ADDRESS" >redis_url

if ! [ -s internal_ca ]; then
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 -subj "/CN=sGate internal" \
    -addext basicConstraints=critical,CA:TRUE,pathlen:0 -addext keyUsage=critical,keyCertSign,cRLSign \
    -keyout internal_ca_key -out internal_ca 2>/dev/null
  chmod 600 internal_ca_key
fi

# Create a certificate for the hosts in $2, signed by the CA above.
certificate() {
  [ -s "$1_certificate" ] && return
  names=""
  for host in $2; do
    names="$names,DNS:$host"
  done
  extensions=$(mktemp)
  printf 'subjectAltName=%s%s\nextendedKeyUsage=serverAuth\nbasicConstraints=CA:FALSE\n' \
    "${names#,}" "${EXTRA_NAMES:+,$EXTRA_NAMES}" >"$extensions"
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$1" -keyout "$1_key" -out "$1.request" \
    2>/dev/null
  openssl x509 -req -in "$1.request" -CA internal_ca -CAkey internal_ca_key -CAcreateserial -days "$days" \
    -extfile "$extensions" -out "$1_certificate" 2>/dev/null
  rm -f "$1.request" "$extensions"
  chmod 644 "$1_key"
}

certificate postgres "postgres postgres-replica"
certificate pgbouncer pgbouncer
certificate redis redis

echo "The secrets are in $out."
if ! [ -s tls_certificate ]; then
  echo "Still missing: tls_certificate and tls_key for the public address, from any certificate authority, such as"
  echo "Let's Encrypt's fullchain.pem and privkey.pem."
fi
