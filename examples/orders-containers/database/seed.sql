-- What the customers had ordered before the traffic was captured.
insert into orders (id, customer, sku, quantity, amount, placed)
select 'ord_' || lpad(to_hex(n), 16, '0'), 'c-' || (n % 20), 'sku-' || (1001 + n % 24), 1 + n % 3,
       (1 + n % 3) * 1990, timestamptz '2026-11-01 08:00:00+00' + n * interval '7 minutes'
from generate_series(1, 200) as n;
