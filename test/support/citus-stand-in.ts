import type pg from 'pg'

/**
 * Not Citus, which is not to be had here: functions and catalogs of its names, which write down what they are called with.
 * They check names and types of arguments and nothing of what Citus would do. To be run as a superuser.
 */
export async function standInForCitus(pool: pg.Pool, version = '13.2-1'): Promise<void> {
  const client = await pool.connect()
  try {
    await client.query(`
      SET allow_system_table_mods = on;
      INSERT INTO pg_extension (oid, extname, extowner, extnamespace, extrelocatable, extversion)
        VALUES (4242, 'citus', 10, 'public'::regnamespace, false, '${version}');
      RESET allow_system_table_mods;
      CREATE TABLE public.asked (id int GENERATED ALWAYS AS IDENTITY, what text);
      CREATE TABLE public.pg_dist_partition (logicalrelid regclass, partmethod "char", partkey text, colocationid int);
      CREATE TABLE public.pg_dist_node (nodename text, isactive boolean, noderole text, shouldhaveshards boolean);
      INSERT INTO public.pg_dist_node VALUES ('a', true, 'primary', true), ('b', true, 'primary', true);
      CREATE TABLE public.pg_dist_object (classid oid, objid oid);
      CREATE FUNCTION public.note(what text, oid) RETURNS void LANGUAGE sql AS $$
        INSERT INTO asked (what) SELECT format(what, coalesce(
          (SELECT format('%s.%s', relnamespace::regnamespace, relname) FROM pg_class WHERE oid = $2),
          (SELECT format('%s.%s', pronamespace::regnamespace, proname) FROM pg_proc WHERE oid = $2))) $$;
      CREATE FUNCTION public.column_to_column_name(table_name regclass, column_var_text text) RETURNS text
        LANGUAGE sql AS 'SELECT column_var_text';
      CREATE FUNCTION public.create_distributed_table(table_name regclass, distribution_column text,
        distribution_type text DEFAULT 'hash', colocate_with text DEFAULT 'default', shard_count int DEFAULT NULL)
        RETURNS void LANGUAGE plpgsql AS $$
        DECLARE colocation int := 1;
        BEGIN
          PERFORM FROM pg_attribute WHERE attrelid = table_name AND attname = distribution_column;
          IF NOT FOUND THEN RAISE 'no such column'; END IF;
          IF colocate_with <> 'none' THEN
            SELECT colocationid INTO STRICT colocation FROM pg_dist_partition WHERE logicalrelid = colocate_with::regclass;
          END IF;
          INSERT INTO pg_dist_partition VALUES (table_name, 'h', distribution_column, colocation);
          PERFORM note(format('distribute %%s by %s beside %s', distribution_column, colocate_with), table_name);
        END $$;
      CREATE FUNCTION public.create_reference_table(table_name regclass) RETURNS void LANGUAGE sql AS $$
        INSERT INTO pg_dist_partition VALUES (table_name, 'n', NULL, 2);
        SELECT note('reference %s', table_name) $$;
      CREATE FUNCTION public.create_distributed_function(function_name regprocedure, distribution_arg_name text DEFAULT NULL,
        colocate_with text DEFAULT 'default', force_delegation bool DEFAULT NULL) RETURNS void LANGUAGE sql AS $$
        INSERT INTO pg_dist_object VALUES ('pg_proc'::regclass, function_name);
        SELECT note('function %s', function_name) $$;
      CREATE FUNCTION public.truncate_local_data_after_distributing_table(function_name regclass) RETURNS void
        LANGUAGE plpgsql AS $$ BEGIN
          EXECUTE format('TRUNCATE %s', function_name);
          PERFORM note('truncate %s', function_name);
        END $$`)
  } finally {
    client.release()
  }
}
