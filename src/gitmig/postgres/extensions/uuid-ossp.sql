/* A stand-in for contrib/uuid-ossp, with all of its functions (RFC 4122). The one difference: no part of a UUID of
   version 1 is the address of a network card, which SQL cannot know; what stands there is random, as the RFC has it for
   such hosts. */

CREATE FUNCTION uuid_nil() RETURNS uuid LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN '00000000-0000-0000-0000-000000000000'::uuid;
CREATE FUNCTION uuid_ns_dns() RETURNS uuid LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN '6ba7b810-9dad-11d1-80b4-00c04fd430c8'::uuid;
CREATE FUNCTION uuid_ns_url() RETURNS uuid LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN '6ba7b811-9dad-11d1-80b4-00c04fd430c8'::uuid;
CREATE FUNCTION uuid_ns_oid() RETURNS uuid LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN '6ba7b812-9dad-11d1-80b4-00c04fd430c8'::uuid;
CREATE FUNCTION uuid_ns_x500() RETURNS uuid LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN '6ba7b814-9dad-11d1-80b4-00c04fd430c8'::uuid;

-- Version 1: tenths of microseconds since October 15th, 1582; a random UUID gives the variant and all that follows it.
CREATE FUNCTION uuid_generate_v1mc() RETURNS uuid
LANGUAGE plpgsql VOLATILE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  passed CONSTANT numeric := extract(epoch FROM clock_timestamp()) * 10000000 + 122192928000000000 + floor(random() * 10);
  hex CONSTANT text := lpad(to_hex(passed::bigint), 16, '0');
  rest CONSTANT bytea := substr(uuid_send(gen_random_uuid()), 9);
BEGIN
  RETURN (substr(hex, 9) || substr(hex, 5, 4) || '1' || substr(hex, 2, 3)
    || encode(set_byte(rest, 2, get_byte(rest, 2) | 1), 'hex'))::uuid;
END $$;
CREATE FUNCTION uuid_generate_v1() RETURNS uuid LANGUAGE sql VOLATILE STRICT PARALLEL SAFE
RETURN uuid_generate_v1mc();

-- A UUID of a hash: its first 16 bytes, with the version and the variant in them.
CREATE FUNCTION gitmig_uuid_of(hash bytea, version int) RETURNS uuid
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN encode(
  set_byte(
    set_byte(substr(hash, 1, 16), 6, (get_byte(hash, 6) & 15) | (version << 4)), 8, (get_byte(hash, 8) & 63) | 128
  ),
  'hex'
)::uuid;

CREATE FUNCTION uuid_generate_v3(namespace uuid, name text) RETURNS uuid
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN gitmig_uuid_of(decode(md5(uuid_send(namespace) || convert_to(name, getdatabaseencoding())), 'hex'), 3);
CREATE FUNCTION uuid_generate_v4() RETURNS uuid LANGUAGE sql VOLATILE STRICT PARALLEL SAFE
RETURN pg_catalog.gen_random_uuid();
CREATE FUNCTION uuid_generate_v5(namespace uuid, name text) RETURNS uuid
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN gitmig_uuid_of(gitmig_sha1(uuid_send(namespace) || convert_to(name, getdatabaseencoding())), 5);

DO $$ BEGIN
  RAISE WARNING USING ERRCODE = '01GM1', MESSAGE = 'uuid-ossp is a stand-in here, with all of its functions';
END $$;
