-- A mix of what programs do with a database in memory. The answers are the checksum.

CREATE TABLE people(id INTEGER PRIMARY KEY, name TEXT, city TEXT, age INTEGER, notes BLOB);
CREATE TABLE visits(person INTEGER REFERENCES people(id), day INTEGER, place TEXT);

INSERT INTO people
  WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 12000)
  SELECT n, printf('name-%05d-%s', n * 7919 % 12000, hex(n * 48271 % 65521)), 'city-' || (n * 31 % 97), n * 17 % 90,
         zeroblob(n * 13 % 120) FROM numbers;

INSERT INTO visits
  WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 40000)
  SELECT n * 7919 % 12000 + 1, n * 31 % 365, 'place-' || (n * 48271 % 211) FROM numbers;

CREATE INDEX people_by_city ON people(city, age);
CREATE INDEX visits_by_person ON visits(person);

SELECT city, count(*), sum(age), max(name) FROM people GROUP BY city ORDER BY city;
SELECT place, count(DISTINCT person), group_concat(day % 10, '') FROM visits WHERE day < 20 GROUP BY place ORDER BY place;
SELECT p.name, count(*) AS times, min(v.place) FROM people p JOIN visits v ON v.person = p.id
  WHERE p.age BETWEEN 20 AND 40 GROUP BY p.id HAVING times > 2 ORDER BY times DESC, p.name LIMIT 500;

UPDATE people SET name = upper(name) || '-' || city, notes = zeroblob(age) WHERE id % 3 = 0;
DELETE FROM visits WHERE person IN (SELECT id FROM people WHERE age > 70);
UPDATE visits SET place = place || '/' || (SELECT city FROM people WHERE id = person) WHERE day % 5 = 0;

SELECT substr(name, 1, 8) AS prefix, count(*), total(length(notes)) FROM people GROUP BY prefix ORDER BY prefix LIMIT 2000;
SELECT json_group_array(json_object('id', id, 'name', name, 'age', age)) FROM (SELECT * FROM people WHERE id % 11 = 0 ORDER BY id);
SELECT count(*), sum(json_extract(value, '$.age')) FROM json_each(
  (SELECT json_group_array(json_object('id', id, 'age', age)) FROM people WHERE id % 5 = 0));
WITH RECURSIVE walk(id, depth) AS (
  SELECT 1, 0 UNION SELECT (id * 48271 + depth) % 12000 + 1, depth + 1 FROM walk WHERE depth < 4000)
  SELECT count(*), sum(age) FROM walk JOIN people USING (id);
SELECT a.city, b.city, count(*) FROM people a JOIN people b ON b.age = a.age AND b.id = a.id + 90
  WHERE a.id < 4000 GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2 LIMIT 200;

DROP INDEX visits_by_person;
DELETE FROM people WHERE id % 2 = 0;
VACUUM;
SELECT count(*), sum(age), total(length(name)), total(length(notes)) FROM people;
SELECT count(*), sum(day), max(place) FROM visits;
