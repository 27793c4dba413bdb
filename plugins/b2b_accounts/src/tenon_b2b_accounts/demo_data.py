"""Companies of the demo, as trees. They are made up; domains are those reserved for examples (RFC 2606)."""

from __future__ import annotations

# name, parent, type, industry, city, country, currency, employees, founded, revenue in millions
COMPANIES = (
    ("Nordwind Energie AG", None, "customer", "Energy", "Hamburg", "Germany", "EUR", 5400, 1974, 1820),
    ("Nordwind Offshore GmbH", "Nordwind Energie AG", "customer", "Energy", "Bremerhaven", "Germany", "EUR", 860, 2009, 310),
    ("Nordwind Netz GmbH", "Nordwind Energie AG", "customer", "Energy", "Lübeck", "Germany", "EUR", 640, 1998, 205),
    ("Nordwind Offshore Danmark ApS", "Nordwind Offshore GmbH", "prospect", "Energy", "Esbjerg", "Denmark", "DKK", 120, 2016, 240),
    ("Vogelsang Maschinenbau KG", None, "customer", "Machinery", "Leipzig", "Germany", "EUR", 310, 1951, 62),
    ("Ateliers Lumière SA", None, "prospect", "Glass", "Lyon", "France", "EUR", 740, 1926, 138),
    ("Lumière Verre Plat SAS", "Ateliers Lumière SA", "prospect", "Glass", "Chambéry", "France", "EUR", 210, 1988, 41),
    ("Biscuiterie de la Loire", None, "customer", "Food", "Nantes", "France", "EUR", 480, 1962, 97),
    ("Grupo Aurora Alimentos", None, "customer", "Food", "Monterrey", "Mexico", "MXN", 6100, 1968, 9400),
    ("Aurora Lácteos", "Grupo Aurora Alimentos", "customer", "Food", "Guadalajara", "Mexico", "MXN", 1900, 1979, 3100),
    ("Aurora Bebidas", "Grupo Aurora Alimentos", "prospect", "Beverages", "Puebla", "Mexico", "MXN", 1300, 1991, 2200),
    ("Cerámicas Turia", None, "prospect", "Ceramics", "Valencia", "Spain", "EUR", 260, 1984, 38),
    ("Metalúrgica Falcão Ltda.", None, "customer", "Metals", "Campinas", "Brazil", "BRL", 980, 1977, 640),
    ("Castellani Valvole S.p.A.", None, "reseller", "Machinery", "Torino", "Italy", "EUR", 175, 1969, 29),
    ("Győri Hajtómű Zrt.", None, "customer", "Automotive", "Győr", "Hungary", "HUF", 820, 1994, 42000),
    ("Wolańska Tworzywa sp. z o.o.", None, "prospect", "Plastics", "Gdańsk", "Poland", "PLN", 340, 1996, 210),
    ("Aegean Desalination", None, "prospect", "Water", "Thessaloniki", "Greece", "EUR", 95, 2011, 17),
    ("华南精密制造有限公司", None, "customer", "Electronics", "深圳", "China", "CNY", 4200, 2002, 3600),
    ("华南精密（苏州）有限公司", "华南精密制造有限公司", "customer", "Electronics", "苏州", "China", "CNY", 1500, 2010, 1150),
    ("华南精密（越南）有限公司", "华南精密制造有限公司", "prospect", "Electronics", "Hải Phòng", "Vietnam", "USD", 900, 2019, 85),
    ("鹭岛水务集团", None, "prospect", "Water", "厦门", "China", "CNY", 2600, 1995, 1900),
    ("台中工具機股份有限公司", None, "customer", "Machinery", "台中", "Taiwan", "TWD", 530, 1973, 2100),
    ("高瀬精機株式会社", None, "customer", "Machinery", "浜松", "Japan", "JPY", 690, 1958, 18400),
    ("小野寺食品工業", None, "prospect", "Food", "長野", "Japan", "JPY", 350, 1964, 7600),
    ("한빛조선", None, "prospect", "Shipbuilding", "울산", "South Korea", "KRW", 3100, 1983, 940000),
    ("Công ty TNHH Sao Mai", None, "customer", "Textiles", "Đà Nẵng", "Vietnam", "VND", 1400, 2004, 1250000),
    ("شركة الأفق لتحلية المياه", None, "customer", "Water", "الدمام", "Saudi Arabia", "SAR", 1200, 1999, 880),
    ("مجموعة الحداد الصناعية", None, "prospect", "Metals", "دبي", "United Arab Emirates", "AED", 760, 2003, 430),
    ("Sfax Phosphates & Sels", None, "partner", "Chemicals", "Sfax", "Tunisia", "EUR", 540, 1971, 74),
    ("Deccan Process Systems", None, "reseller", "Engineering", "Pune", "India", "INR", 420, 1992, 2900),
    ("Coromandel Papers", None, "customer", "Paper", "Chennai", "India", "INR", 1800, 1959, 7800),
    ("PT Nusantara Semen", None, "prospect", "Cement", "Surabaya", "Indonesia", "IDR", 2300, 1980, 5400000),
    ("Rift Valley Dairies", None, "customer", "Food", "Nairobi", "Kenya", "KES", 640, 1987, 5200),
    ("Umhlanga Sugar Mills", None, "prospect", "Food", "Durban", "South Africa", "ZAR", 1100, 1948, 1900),
    ("Pennine Water", None, "customer", "Water", "Leeds", "United Kingdom", "GBP", 2700, 1989, 610),
    ("Granite Coast Drilling", None, "customer", "Energy", "Aberdeen", "United Kingdom", "GBP", 450, 1982, 120),
    ("Buckeye Castings", None, "customer", "Metals", "Columbus", "United States", "USD", 870, 1966, 140),
    ("Bayou Petrochemical Holdings", None, "customer", "Chemicals", "Houston", "United States", "USD", 7200, 1955, 5200),
    ("Bayou Olefins", "Bayou Petrochemical Holdings", "customer", "Chemicals", "Baton Rouge", "United States", "USD", 1600, 1981, 1300),
    ("Bayou Terminals", "Bayou Petrochemical Holdings", "prospect", "Logistics", "Lake Charles", "United States", "USD", 540, 1990, 260),
    ("Aluminerie du Saguenay", None, "prospect", "Metals", "Québec", "Canada", "CAD", 1500, 1943, 720),
    ("Hunter Rail Maintenance", None, "customer", "Transport", "Newcastle", "Australia", "AUD", 380, 2001, 66),
    ("Kaimai Kiwifruit Packers", None, "prospect", "Food", "Tauranga", "New Zealand", "NZD", 290, 1976, 58),
    ("Brabant Dosing B.V.", None, "competitor", "Machinery", "Eindhoven", "Netherlands", "EUR", 610, 1985, 115),
    ("Verhaegen Chemie NV", None, "supplier", "Chemicals", "Gent", "Belgium", "EUR", 205, 1961, 33),
)

# Units of each currency that buy about as much as one euro, rounded: a demo needs no exchange rates.
SCALE = {
    "EUR": 1, "GBP": 1, "USD": 1, "CAD": 1, "AUD": 2, "NZD": 2, "DKK": 7, "PLN": 4, "BRL": 6, "MXN": 20, "HUF": 400,
    "CNY": 8, "TWD": 35, "JPY": 160, "KRW": 1450, "VND": 27000, "SAR": 4, "AED": 4, "INR": 90, "IDR": 17000,
    "KES": 140, "ZAR": 20,
}  # fmt: skip

# stage and how many opportunities of the demo are in it
NEW_BUSINESS_STAGES = (
    ("prospecting", 18),
    ("engaging", 22),
    ("proposal", 15),
    ("negotiation", 9),
    ("won", 22),
    ("lost", 14),
)
RENEWAL_STAGES = (("upcoming", 8), ("reviewing", 5), ("offered", 3), ("renewed", 5), ("ended", 2))

LOST = ("price", "competitor", "no_budget", "no_decision", "no_decision", "timing", "product")
SOURCES = ("website", "referral", "partner", "event", "campaign", "outbound", "existing")
OCCASIONS = ("pilot line", "second line", "site extension", "replacement", "group standard", "leak reduction", "new plant")
NEXT_STEPS = (
    "Send the revised offer",
    "Visit with the applications engineer",
    "Wait for the budget meeting",
    "Talk to legal about liability",
    "Get the technical approval",
    "Call after the trade fair",
)
TALKS = (
    ("call", "Talked through the requirements", 35),
    ("meeting", "Site survey", 180),
    ("mail", "Sent the offer", None),
    ("meeting", "Steering committee", 60),
    ("call", "Asked for a discount", 20),
    ("note", "Procurement wants three offers", None),
    ("mail", "Received the specification", None),
)
