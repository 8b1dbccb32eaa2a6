-- How many large orders there are, how many customers placed them, and what they are worth: the original lists them.
SELECT count(*) AS large_orders, count(DISTINCT o_custkey) AS customers, sum(o_totalprice) AS worth
FROM orders
WHERE o_orderkey IN (SELECT l_orderkey FROM lineitem GROUP BY l_orderkey HAVING sum(l_quantity) > 300)
