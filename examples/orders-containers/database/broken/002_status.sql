-- The planted fault: the column is misspelt.
alter table orders add column status text not null default 'paid';
create index orders_by_customer on orders (custommer, placed);
insert into schema_migrations values (2);
