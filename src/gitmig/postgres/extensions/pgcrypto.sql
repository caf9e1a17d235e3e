/* A stand-in for contrib/pgcrypto. Hashes, and what is made of them, and random values are what the real one gives;
   whatever else it has is there by name and says that it cannot be had. */

CREATE FUNCTION gitmig_pgcrypto_lacks(what text) RETURNS bytea LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
  RAISE feature_not_supported USING MESSAGE = what || ' is not in the stand-in for pgcrypto',
    HINT = 'with an installed PostgreSQL the embedded server can have the real one: git config gitmig.postgresPrograms '
      '/usr/lib/postgresql/18/bin';
END $$;

CREATE FUNCTION digest(bytea, text) RETURNS bytea LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN CASE lower($2)
  WHEN 'md5' THEN decode(md5($1), 'hex')
  WHEN 'sha1' THEN gitmig_sha1($1)
  WHEN 'sha224' THEN sha224($1)
  WHEN 'sha256' THEN sha256($1)
  WHEN 'sha384' THEN sha384($1)
  WHEN 'sha512' THEN sha512($1)
  ELSE gitmig_pgcrypto_lacks(format('the hash algorithm "%s"', $2))
END;

CREATE FUNCTION digest(text, text) RETURNS bytea LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN digest(convert_to($1, getdatabaseencoding()), $2);

-- RFC 2104
CREATE FUNCTION gitmig_hmac_pad(key bytea, with_byte int) RETURNS bytea
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN (
  SELECT string_agg(set_byte('\x00'::bytea, 0, with_byte # get_byte(key, place)), ''::bytea ORDER BY place)
  FROM generate_series(0, length(key) - 1) AS place
);

CREATE FUNCTION hmac(bytea, bytea, text) RETURNS bytea LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
  WITH size AS (SELECT CASE WHEN lower($3) IN ('sha384', 'sha512') THEN 128 ELSE 64 END AS block),
    short AS (SELECT block, CASE WHEN length($2) > block THEN digest($2, $3) ELSE $2 END AS key FROM size),
    whole AS (SELECT key || decode(repeat('00', block - length(key)), 'hex') AS key FROM short)
  SELECT digest(gitmig_hmac_pad(key, 92) || digest(gitmig_hmac_pad(key, 54) || $1, $3), $3) FROM whole;
END;

CREATE FUNCTION hmac(text, text, text) RETURNS bytea LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN hmac(convert_to($1, getdatabaseencoding()), convert_to($2, getdatabaseencoding()), $3);

CREATE FUNCTION gen_random_uuid() RETURNS uuid LANGUAGE sql VOLATILE PARALLEL SAFE
RETURN pg_catalog.gen_random_uuid();

-- Of a random UUID's 16 bytes, 13 are nothing but random: the other three hold its version, its variant, and the rest.
CREATE FUNCTION gen_random_bytes(int4) RETURNS bytea
LANGUAGE plpgsql VOLATILE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  made bytea := '';
  bytes bytea;
BEGIN
  IF $1 < 1 OR $1 > 1024 THEN
    RAISE external_routine_invocation_exception USING MESSAGE = 'Length not in range';
  END IF;
  WHILE length(made) < $1 LOOP
    bytes := uuid_send(gen_random_uuid());
    made := made || substr(bytes, 1, 6) || substr(bytes, 10);
  END LOOP;
  RETURN substr(made, 1, $1);
END $$;

DO $$
DECLARE
  lacking CONSTANT text[] := ARRAY[
    'crypt(text, text) RETURNS text IMMUTABLE',
    'gen_salt(text) RETURNS text VOLATILE',
    'gen_salt(text, int4) RETURNS text VOLATILE',
    'encrypt(bytea, bytea, text) RETURNS bytea IMMUTABLE',
    'decrypt(bytea, bytea, text) RETURNS bytea IMMUTABLE',
    'encrypt_iv(bytea, bytea, bytea, text) RETURNS bytea IMMUTABLE',
    'decrypt_iv(bytea, bytea, bytea, text) RETURNS bytea IMMUTABLE',
    'pgp_sym_encrypt(text, text) RETURNS bytea VOLATILE',
    'pgp_sym_encrypt(text, text, text) RETURNS bytea VOLATILE',
    'pgp_sym_encrypt_bytea(bytea, text) RETURNS bytea VOLATILE',
    'pgp_sym_encrypt_bytea(bytea, text, text) RETURNS bytea VOLATILE',
    'pgp_sym_decrypt(bytea, text) RETURNS text IMMUTABLE',
    'pgp_sym_decrypt(bytea, text, text) RETURNS text IMMUTABLE',
    'pgp_sym_decrypt_bytea(bytea, text) RETURNS bytea IMMUTABLE',
    'pgp_sym_decrypt_bytea(bytea, text, text) RETURNS bytea IMMUTABLE',
    'pgp_pub_encrypt(text, bytea) RETURNS bytea VOLATILE',
    'pgp_pub_encrypt(text, bytea, text) RETURNS bytea VOLATILE',
    'pgp_pub_encrypt_bytea(bytea, bytea) RETURNS bytea VOLATILE',
    'pgp_pub_encrypt_bytea(bytea, bytea, text) RETURNS bytea VOLATILE',
    'pgp_pub_decrypt(bytea, bytea) RETURNS text IMMUTABLE',
    'pgp_pub_decrypt(bytea, bytea, text) RETURNS text IMMUTABLE',
    'pgp_pub_decrypt(bytea, bytea, text, text) RETURNS text IMMUTABLE',
    'pgp_pub_decrypt_bytea(bytea, bytea) RETURNS bytea IMMUTABLE',
    'pgp_pub_decrypt_bytea(bytea, bytea, text) RETURNS bytea IMMUTABLE',
    'pgp_pub_decrypt_bytea(bytea, bytea, text, text) RETURNS bytea IMMUTABLE',
    'pgp_key_id(bytea) RETURNS text IMMUTABLE',
    'armor(bytea) RETURNS text IMMUTABLE',
    'armor(bytea, text[], text[]) RETURNS text IMMUTABLE',
    'dearmor(text) RETURNS bytea IMMUTABLE',
    'pgp_armor_headers(text, OUT key text, OUT value text) RETURNS SETOF record IMMUTABLE'
  ];
  body CONSTANT text := (SELECT prosrc FROM pg_proc WHERE oid = 'gitmig_pgcrypto_lacks'::regproc);
  one text;
BEGIN
  FOREACH one IN ARRAY lacking LOOP
    EXECUTE format(
      'CREATE FUNCTION %s STRICT PARALLEL SAFE LANGUAGE plpgsql AS %L',
      one,
      format('DECLARE what text := %L; %s', split_part(one, '(', 1) || '()', body)
    );
  END LOOP;
  RAISE WARNING USING ERRCODE = '01GM1',
    MESSAGE = 'pgcrypto is a stand-in here: its hashes and random values are those of the real one, crypt() and '
      'encryption are not there';
END $$;
