-- The shop's tables, and what functions may do there. Run it once, as the owner, when the user is there.
CREATE TABLE stock (item int PRIMARY KEY, "left" int NOT NULL) WITH (fillfactor = 50);
INSERT INTO stock SELECT n, 1000 FROM generate_series(1, 1000) AS n;
CREATE TABLE orders (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  item int NOT NULL REFERENCES stock,
  quantity int NOT NULL CHECK (quantity > 0)
);
GRANT SELECT, UPDATE ON stock TO shop_app;
GRANT SELECT, INSERT ON orders TO shop_app;
