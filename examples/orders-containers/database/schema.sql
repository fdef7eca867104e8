create table schema_migrations (version int primary key);
create table orders (
    id       text primary key,
    customer text not null,
    sku      text not null,
    quantity int not null check (quantity > 0),
    amount   bigint not null,
    placed   timestamptz not null default clock_timestamp()
);
insert into schema_migrations values (1);
