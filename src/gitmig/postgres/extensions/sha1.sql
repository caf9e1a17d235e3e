-- SHA-1 (FIPS 180-4, section 6.1), which is not among PostgreSQL's own functions.
CREATE FUNCTION gitmig_sha1(data bytea) RETURNS bytea
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  mask CONSTANT bigint := 4294967295;
  padded CONSTANT bytea := data || '\x80'::bytea || decode(repeat('00', (119 - length(data) % 64) % 64), 'hex')
    || int8send(length(data)::bigint * 8);
  h bigint[] := ARRAY[1732584193, 4023233417, 2562383102, 271733878, 3285377520];
  w bigint[];
  a bigint; b bigint; c bigint; d bigint; e bigint; f bigint; k bigint; x bigint;
  at int;
BEGIN
  FOR block IN 0 .. length(padded) / 64 - 1 LOOP
    w := array_fill(0::bigint, ARRAY[80]);
    FOR i IN 1 .. 16 LOOP
      at := block * 64 + (i - 1) * 4;
      w[i] := (get_byte(padded, at)::bigint << 24) | (get_byte(padded, at + 1) << 16)
        | (get_byte(padded, at + 2) << 8) | get_byte(padded, at + 3);
    END LOOP;
    FOR i IN 17 .. 80 LOOP
      x := w[i - 3] # w[i - 8] # w[i - 14] # w[i - 16];
      w[i] := ((x << 1) | (x >> 31)) & mask;
    END LOOP;
    a := h[1]; b := h[2]; c := h[3]; d := h[4]; e := h[5];
    FOR i IN 1 .. 80 LOOP
      CASE (i - 1) / 20
        WHEN 0 THEN f := (b & c) | (~b & d); k := 1518500249;
        WHEN 1 THEN f := b # c # d; k := 1859775393;
        WHEN 2 THEN f := (b & c) | (b & d) | (c & d); k := 2400959708;
        ELSE f := b # c # d; k := 3395469782;
      END CASE;
      x := (((a << 5) | (a >> 27)) & mask) + f + e + k + w[i];
      e := d; d := c; c := ((b << 30) | (b >> 2)) & mask; b := a; a := x & mask;
    END LOOP;
    h := ARRAY[(h[1] + a) & mask, (h[2] + b) & mask, (h[3] + c) & mask, (h[4] + d) & mask, (h[5] + e) & mask];
  END LOOP;
  RETURN (SELECT string_agg(substr(int8send(word), 5), ''::bytea ORDER BY place)
    FROM unnest(h) WITH ORDINALITY AS words (word, place));
END $$;
